/* config.ts - what is in force, where each value is said, and what waits for a restart; nothing is changed here but by a reload */
import { at, call, get, Problem } from "../api";
import { ask, button, complain, copy, doing, el, empty, findingList, mark, sheet, tell, time } from "../dom";
import { pageKeys } from "../keys";
import { List } from "../list";
import { may } from "../page";
import type { Context, Page } from "../page";
import { value } from "../say";
import type { Time } from "../types";

interface Value {
	key: string;
	value: unknown;
	file?: string | null;
	line?: number | null;
	default?: boolean;
	reloads?: boolean;
}

interface Config {
	file: string;
	hash: string;
	read: Time;
	values: Value[];
}

function place(v: Value): string {
	return v.line ? `${v.file ?? ""}:${v.line}` : "";
}

function short(v: Value): string {
	return v.default ? "by default" : place(v).split("/").pop() ?? "";
}

async function reload(): Promise<boolean> {
	if (!await ask("Reload", [el("p", {}, "Reads the configuration again. With errors in it nothing changes.")], "Reload"))
		return false;
	const did = await call<{ changed: string[]; restart_needed: string[] }>("POST", "/v1/reload", {});

	tell(!did.changed.length ? "Nothing had changed." : `Taken over: ${did.changed.length} changed.`);
	if (did.restart_needed.length)
		sheet("These want a restart", el("ul", {}, ...did.restart_needed.map(key => el("li", {}, el("code", {}, key)))));
	return true;
}

function open({ root, bar, session, signal, where }: Context): void {
	if (!may(session, "operate")) {
		root.append(empty("The configuration is for operators."));
		return;
	}
	let config: Config | null = null;
	const filter = el("input", { type: "search", placeholder: "key or value", "aria-label": "Filter", maxlength: 200, value: where.query.get("q") ?? "", oninput: () => draw() });
	const all = el("input", { type: "checkbox", id: "defaults", onchange: () => load().catch(complain) });
	const status = el("p", { class: "minor place", role: "status" });
	const list = new List<Value>({
		caption: "The configuration in force", key: v => v.key, none: "No key or value has these words.",
		columns: [
			{ name: "Key", kind: "who", cell: v => el("code", {}, v.key) },
			{ name: "Value", kind: "wide", cell: v => el("code", {}, value(v.value).slice(0, 300)) },
			{ name: "Said in", kind: "minor", cell: v => el("span", { title: place(v) }, short(v)) },
			{ name: "A change", kind: "minor", cell: v => v.reloads ? "reloads" : mark("wants a restart", "wait") },
		],
		detail: v => el("div", {}, el("p", {}, place(v) ? el("code", {}, place(v)) : "Nothing is said: this holds by default.", " ",
			place(v) ? button("Copy", () => copy(place(v)).catch(complain), "quiet", { "aria-label": `Copy ${place(v)}` }) : ""),
			el("pre", { tabindex: 0 }, typeof v.value === "string" ? v.value : JSON.stringify(v.value, null, 2))),
	});

	function draw(): void {
		const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);

		list.set((config?.values ?? []).filter(v => words.every(w => `${v.key} ${value(v.value)}`.toLowerCase().includes(w))), false);
	}
	async function load(): Promise<void> {
		config = await get<Config>(at("/v1/config", { defaults: all.checked }), signal);
		status.replaceChildren(el("code", {}, config.file), " read ", time(config.read) ?? "", " ", el("code", { title: config.hash }, config.hash.slice(0, 12)));
		draw();
	}
	bar.append(filter, el("span", { class: "tick" }, all, el("label", { for: all.id }, "defaults too")), doing("Reload …", async () => {
		try {
			if (await reload())
				await load();
		} catch (error) {
			if (!(error instanceof Problem) || !error.findings.length)
				throw error;
			sheet("The configuration has errors", el("p", {}, error.message), findingList(error.findings));
		}
	}));
	root.append(status, list.element);
	pageKeys(list.keys());
	load().catch(complain);
}

export const configPage: Page = { name: "configuration", title: "Configuration", key: "f", open };
