/* keys.ts - shortcuts of one letter, "g t" of two; off while one types, and off for good for those who want none
 * (WCAG 2.1.4: speech input says letters) */
import { button, el, sheet } from "./dom";

interface Shortcut {
	keys: string;
	what: string;
	run: () => void;
}

const KEPT = "headgate.console.keys";
const everywhere: Shortcut[] = [];
let ofPage: Shortcut[] = [];
let begun = "";
let begunAt = 0;

export function enabled(): boolean {
	return localStorage.getItem(KEPT) !== "off";
}

export function always(keys: string, what: string, run: () => void): void {
	everywhere.push({ keys, what, run });
}

/* Those of the page before are gone. */
export function pageKeys(list: [string, string, () => void][]): void {
	ofPage = list.map(([keys, what, run]) => ({ keys, what, run }));
}

function typing(target: EventTarget | null): boolean {
	return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function onKey(event: KeyboardEvent): void {
	if (event.key === "Escape" && typing(event.target)) {
		(event.target as HTMLElement).blur();
		return;
	}
	if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]"))
		return;
	if (!enabled() || event.key.length !== 1)
		return;
	const both = begun && event.timeStamp - begunAt < 1500 ? `${begun} ${event.key}` : event.key;
	const all = [...ofPage, ...everywhere];
	const found = all.find(s => s.keys === both);

	begun = "";
	if (found) {
		event.preventDefault();
		found.run();
	} else if (all.some(s => s.keys.startsWith(event.key + " "))) {
		begun = event.key;
		begunAt = event.timeStamp;
	}
}

function rows(list: Shortcut[]): HTMLElement {
	return el("table", { class: "keys" }, el("tbody", {}, ...list.map(s =>
		el("tr", {}, el("th", { scope: "row" }, ...s.keys.split(" ").map(k => el("kbd", {}, k))), el("td", {}, s.what)))));
}

export function help(): void {
	const toggle = button("", () => {
		localStorage.setItem(KEPT, enabled() ? "off" : "on");
		label();
	});
	const label = (): void => {
		toggle.textContent = enabled() ? "Switch shortcuts off" : "Switch shortcuts on";
	};

	label();
	sheet("Keyboard", el("div", { class: "columns" },
		el("div", {}, el("h3", {}, "Everywhere"), rows(everywhere)),
		el("div", {}, el("h3", {}, "This page"), ofPage.length ? rows(ofPage) : el("p", {}, "None of its own."))),
	      el("p", {}, "Tab, Enter and Space work everywhere. ", toggle));
}
