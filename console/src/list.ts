/* list.ts - tables that are read down: rows kept by their key, one thing to follow in each, j and k go from one to the next */
import { arrange, button, doing, el, empty, show, spoken } from "./dom";
import type { Child } from "./dom";

export interface Column<T> {
	name: string;
	cell: (row: T) => Child;
	kind?: string;			/* class of its cells: "num", "wide", "minor" */
}

interface Row {
	tr: HTMLTableRowElement;
	detail: HTMLTableRowElement | null;
	said: string;
}

export interface Options<T> {
	caption: string;
	columns: Column<T>[];
	key: (row: T) => string;
	/* The row leads there ... */
	href?: (row: T) => string;
	/* ... or opens below itself. */
	detail?: (row: T) => Child | Promise<Child>;
	none: string;
	more?: () => Promise<void>;	/* the next page */
}

export class List<T> {
	readonly element: HTMLElement;
	private readonly body = el("tbody");
	private readonly rows = new Map<string, Row>();
	private readonly none: HTMLElement;
	private readonly further: HTMLButtonElement | null;
	private chosen: string | null = null;	/* a key; null: none */

	constructor(private readonly options: Options<T>) {
		const { columns, caption, none, more } = options;

		this.none = empty(none);
		this.further = more ? doing("More", more, "more") : null;
		this.element = el("div", { class: "list" },
			el("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: 0 }, el("table", { class: "rows" },
				el("caption", { class: "sr" }, caption),
				el("thead", {}, el("tr", {}, ...columns.map(c => el("th", { scope: "col", class: c.kind ?? "" }, c.name || spoken("Actions"))))),
				this.body)),
			this.none, this.further);
		this.set([], false);
	}

	set(rows: T[], more: boolean): void {
		const wanted: Element[] = [];
		const keep = new Set<string>();

		for (const row of rows) {
			const key = this.options.key(row), said = JSON.stringify(row);
			let kept = this.rows.get(key);

			if (keep.has(key))
				continue;
			keep.add(key);
			if (!kept || kept.said !== said) {
				kept = this.replace(key, row, said, kept);
				this.rows.set(key, kept);
			}
			wanted.push(kept.tr);
			if (kept.detail)
				wanted.push(kept.detail);
		}
		for (const key of [...this.rows.keys()])
			if (!keep.has(key))
				this.rows.delete(key);
		arrange(this.body, wanted);
		show(this.none, !rows.length);
		if (this.further)
			show(this.further, more);
	}

	/* What is open stays open, what has the focus keeps it. */
	private replace(key: string, row: T, said: string, old: Row | undefined): Row {
		const focused = old?.tr.contains(document.activeElement);
		const made: Row = { tr: this.draw(key, row), detail: old?.detail ?? null, said };

		if (old?.detail)
			made.tr.querySelector(".go")?.setAttribute("aria-expanded", "true");
		if (focused) {
			old!.tr.replaceWith(made.tr);
			made.tr.querySelector<HTMLElement>(".go")?.focus();
		}
		return made;
	}

	private draw(key: string, row: T): HTMLTableRowElement {
		const { columns, href, detail } = this.options;
		const cells = columns.map(c => el("td", { class: c.kind ?? "", "data-name": c.name }, c.cell(row)));
		const first = cells[0]!;

		if (href || detail) {
			const go = href ? el("a", { class: "go", href: href(row) })
				: button("", () => void this.toggle(key, row), "go", { "aria-expanded": "false" });
			go.append(...Array.from(first.childNodes));
			first.append(go);
		}
		return el("tr", { class: key === this.chosen ? "chosen" : "", onclick: (event: MouseEvent) => {
			const target = event.target as HTMLElement;

			if (!target.closest("a, button, input, select") && !getSelection()?.toString())
				(first.querySelector(".go") as HTMLElement | null)?.click();
		} }, ...cells);
	}

	/* The row that is shown beside the list. */
	choose(key: string | null): void {
		this.rows.get(this.chosen ?? "")?.tr.classList.remove("chosen");
		this.chosen = key;
		if (key)
			this.rows.get(key)?.tr.classList.add("chosen");
	}

	private async toggle(key: string, row: T): Promise<void> {
		const kept = this.rows.get(key);

		if (!kept)
			return;
		const go = kept.tr.querySelector(".go")!;
		if (kept.detail) {
			kept.detail.remove();
			kept.detail = null;
			go.setAttribute("aria-expanded", "false");
			return;
		}
		const cell = el("td", { colspan: this.options.columns.length }, el("p", { class: "empty" }, "…"));
		kept.detail = el("tr", { class: "detail" }, cell);
		kept.tr.after(kept.detail);
		go.setAttribute("aria-expanded", "true");
		try {
			const child = await this.options.detail!(row);
			cell.replaceChildren(child || "");
		} catch (error) {
			cell.replaceChildren(el("p", { class: "wrong" }, (error as Error).message));
		}
	}

	step(by: number): void {
		const all = [...this.body.querySelectorAll<HTMLElement>(".go")];
		const at = all.findIndex(go => go.closest("tr")!.contains(document.activeElement));

		all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))]?.focus();
	}

	keys(): [string, string, () => void][] {
		return [["j", "next row", () => this.step(1)], ["k", "row before", () => this.step(-1)]];
	}
}
