/* dom.ts - elements made and changed; texts go in as text, never as markup */
import { strokes } from "../launcher";

type Value = string | number | boolean | null | undefined | ((event: never) => void);
export type Child = Node | string | null | undefined | false;

/* el("button", { class: "quiet", onclick: go }, "Go"): a function listens, true is an empty attribute, false and
 * null are none. */
export function el<K extends keyof HTMLElementTagNameMap>(tag: K, values: Record<string, Value> = {},
							  ...children: Child[]): HTMLElementTagNameMap[K] {
	const made = document.createElement(tag);

	for (const name in values)
		set(made, name, values[name]);
	for (const child of children)
		if (child)
			made.append(child);
	return made;
}

export function set(element: Element, name: string, value: Value): void {
	if (typeof value === "function")
		element.addEventListener(name.slice(2), value as EventListener);
	else if (value === false || value === null || value === undefined)
		element.removeAttribute(name);
	else if (element.getAttribute(name) !== String(value === true ? "" : value))
		element.setAttribute(name, value === true ? "" : String(value));
}

/* Only when it differs: what is written again is announced again. */
export function say(element: Element, text: string): void {
	if (element.textContent !== text)
		element.textContent = text;
}

export function show(element: HTMLElement, shown: boolean): void {
	element.hidden = !shown;
}

/* A button with a drawing alone; its name is for who cannot see it and for who points at it. */
export function iconButton(icon: string, name: string, onclick: (event: MouseEvent) => void, kind = ""): HTMLButtonElement {
	return el("button", { class: "icon " + kind, type: "button", "aria-label": name, title: name, onclick }, strokes(icon));
}

export function textButton(text: string, onclick: () => void, kind = "quiet"): HTMLButtonElement {
	return el("button", { class: "button " + kind, type: "button", onclick }, text);
}

/* What nobody sees and a screen reader says. */
export function spoken(text: string): HTMLSpanElement {
	return el("span", { class: "sr" }, text);
}

/* Makes parent's children these, in order, and moves none that may stay: one that moves is announced again. */
export function arrange(parent: Element, wanted: Element[]): void {
	const keep = new Set(wanted);
	let at: Element | null;

	for (const child of Array.from(parent.children))
		if (!keep.has(child))
			child.remove();
	at = parent.firstElementChild;
	for (const child of wanted) {
		if (child === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(child, at);
	}
}
