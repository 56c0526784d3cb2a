/* dom.ts - elements, as the widget makes them, and what a console has more of: marks, buttons, forms, dialogs, notices */
import { el, say, show } from "../../widget/src/view/dom";
import type { Child } from "../../widget/src/view/dom";
import { ago, clock } from "./say";
import { Problem } from "./api";
import type { Finding } from "./api";

export { arrange, el, say, set, show, spoken } from "../../widget/src/view/dom";
export type { Child } from "../../widget/src/view/dom";

/* A dot and a word: what the colour says stands there too. */
export function mark(word: string, kind: string): HTMLSpanElement {
	return el("span", { class: "mark " + kind }, word);
}

export function time(at: string | null | undefined): HTMLTimeElement | null {
	return at ? el("time", { datetime: at, title: `${at} (${ago(at)} ago)` }, clock(at)) : null;
}

export function code(text: string | null | undefined): HTMLElement | null {
	return text ? el("code", {}, text) : null;
}

export function button(text: string, onclick: () => void, kind = "", more: Record<string, string> = {}): HTMLButtonElement {
	return el("button", { type: "button", class: kind, onclick, ...more }, text);
}

/* While work runs the button cannot be pressed again; what fails is said. */
export function doing(text: string, work: () => Promise<unknown>, kind = "", more: Record<string, string> = {}): HTMLButtonElement {
	const made: HTMLButtonElement = button(text, () => void busy(made, work), kind, more);

	return made;
}

export async function busy(pressed: HTMLButtonElement, work: () => Promise<unknown>): Promise<void> {
	if (pressed.getAttribute("aria-disabled") === "true")
		return;
	pressed.setAttribute("aria-disabled", "true");
	try {
		await work();
	} catch (error) {
		complain(error);
	} finally {
		pressed.removeAttribute("aria-disabled");
	}
}

/* ---- notices: one line at the foot, said by screen readers ---- */

const notices = el("div", { class: "notices", role: "status" });
const alarms = el("div", { class: "notices", role: "alert" });

export function noticeBoards(): HTMLElement[] {
	return [notices, alarms];
}

function put(board: HTMLElement, kind: string, text: string): void {
	const line = el("div", { class: "notice " + kind }, el("span", {}, text));

	line.append(button("✕", () => line.remove(), "quiet", { "aria-label": "Dismiss" }));
	board.append(line);
	while (board.children.length > 3)
		board.firstElementChild!.remove();
	if (kind === "good")
		setTimeout(() => line.remove(), 6000);
}

export function tell(text: string): void {
	put(notices, "good", text);
}

export function complain(error: unknown): void {
	if ((error as Error)?.name === "AbortError" || (error instanceof Problem && error.status === 401))
		return;
	put(alarms, "bad", error instanceof Error ? error.message : String(error));
}

/* ---- forms ---- */

let fields = 0;

export interface Field<E extends HTMLElement> {
	row: HTMLElement;
	input: E;
}

function labelled<E extends HTMLElement>(label: string, input: E, hint?: string): Field<E> {
	const id = `f${++fields}`;

	input.id = id;
	const row = el("div", { class: "field" }, el("label", { for: id }, label), input);
	if (hint) {
		input.setAttribute("aria-describedby", id + "h");
		row.append(el("small", { id: id + "h" }, hint));
	}
	return { row, input };
}

export function textField(label: string, value = "", more: Record<string, string | boolean> = {}, hint?: string): Field<HTMLInputElement> {
	const input = el("input", { type: "text", autocomplete: "off", ...more });

	input.value = value;
	return labelled(label, input, hint);
}

export function areaField(label: string, value = "", rows = 3, hint?: string): Field<HTMLTextAreaElement> {
	const input = el("textarea", { rows });

	input.value = value;
	return labelled(label, input, hint);
}

/* options: what is sent, or [what is sent, what is shown]. */
export function choice(label: string, options: (string | [string, string])[], value = ""): Field<HTMLSelectElement> {
	const input = el("select", {}, ...options.map(o => typeof o === "string" ? el("option", { value: o }, o || "any")
								    : el("option", { value: o[0] }, o[1])));

	input.value = value;
	return labelled(label, input);
}

/* ---- dialogs ---- */

/* A modal one; says yes only when the button is pressed.  body may have fields; check's text keeps it open. */
export function ask(title: string, body: Child[], yes: string, kind = "main", check?: () => string | null): Promise<boolean> {
	return new Promise(resolve => {
		const wrong = el("p", { class: "wrong", role: "alert", hidden: true });
		const form = el("form", { method: "dialog", onsubmit: (event: globalThis.Event) => {
			const why = check?.();
			if (why) {
				event.preventDefault();
				say(wrong, why);
				show(wrong, true);
			} else {
				dialog.returnValue = "yes";
			}
		} }, el("h2", { id: "dialog-title" }, title), ...body, wrong,
			el("div", { class: "actions" }, button("Cancel", () => dialog.close()),
			   el("button", { class: kind, type: "submit", value: "yes" }, yes)));
		const dialog: HTMLDialogElement = el("dialog", { "aria-labelledby": "dialog-title", onclose: () => {
			dialog.remove();
			resolve(dialog.returnValue === "yes");
		} }, form);

		document.body.append(dialog);
		dialog.showModal();
		dialog.querySelector<HTMLElement>("input, textarea, select")?.focus();
	});
}

/* A sheet to read. */
export function sheet(title: string, ...body: Child[]): void {
	const dialog: HTMLDialogElement = el("dialog", { class: "wide", "aria-labelledby": "sheet-title", onclose: () => dialog.remove() },
		el("h2", { id: "sheet-title" }, title), ...body,
		el("div", { class: "actions" }, button("Close", () => dialog.close(), "main")));

	document.body.append(dialog);
	dialog.showModal();
}

/* "name  value" in two columns; what has no value is left out. */
export function facts(...rows: [string, Child][]): HTMLDListElement {
	return el("dl", {}, ...rows.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
		.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/* What is wrong with a configuration, line by line. */
export function findingList(findings: Finding[]): HTMLUListElement {
	return el("ul", { class: "plain" }, ...findings.map(f => el("li", {}, mark(f.severity, f.severity === "error" ? "bad" : "wait"),
		" ", el("code", {}, `${f.file}:${f.line}:${f.column}`), ` ${f.text}`, f.hint ? el("small", {}, ` ${f.hint}`) : "")));
}

export async function copy(text: string): Promise<void> {
	await navigator.clipboard.writeText(text);
	tell("Copied.");
}

export function empty(text: string): HTMLParagraphElement {
	return el("p", { class: "empty" }, text);
}
