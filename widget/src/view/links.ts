/* links.ts - addresses in a text become links, and nothing else becomes anything */
import { el } from "./dom";

export interface Piece {
	text: string;
	href: string | null;
}

/* No quantifier here meets another of its kind, so that time stays linear whatever is written. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+|\bwww\.[^\s<>"'`]+|[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}/gi;
const PAIRS: Record<string, string> = { ")": "(", "]": "[", "}": "{" };
const LONGEST = 2048;
const TRAILING = /[.,;:!?…»”’)\]}*_~]/;

/* A sentence's full stop and a bracket around an address are not part of it; a bracket that was opened in it is. */
function end(address: string): number {
	let length = address.length;

	for (; length > 0 && TRAILING.test(address[length - 1]!); length--) {
		const opening = PAIRS[address[length - 1]!];

		if (opening && count(address, opening, length) >= count(address, address[length - 1]!, length))
			break;
	}
	return length;
}

function count(text: string, letter: string, length: number): number {
	let n = 0;

	for (let i = 0; i < length; i++)
		n += text[i] === letter ? 1 : 0;
	return n;
}

/* Only these go anywhere: nothing a message says runs as a script. */
export function safeUrl(address: string, protocols = ["http:", "https:"]): string | null {
	try {
		const url = new URL(address, globalThis.location?.href);

		return protocols.includes(url.protocol) && !url.username && !url.password ? url.href : null;
	} catch {
		return null;
	}
}

function hrefOf(address: string): string | null {
	if (/^https?:/i.test(address))
		return safeUrl(address);
	if (/^www\./i.test(address))
		return safeUrl("https://" + address);
	return "mailto:" + encodeURI(address);
}

export function split(text: string): Piece[] {
	const pieces: Piece[] = [];
	let done = 0;

	for (const match of text.matchAll(ADDRESS)) {
		const at = match.index!;
		const address = match[0].length < LONGEST ? match[0].slice(0, end(match[0])) : "";
		const href = address && hrefOf(address);

		if (!href)
			continue;
		if (at > done)
			pieces.push({ text: text.slice(done, at), href: null });
		pieces.push({ text: address, href });
		done = at + address.length;
	}
	if (done < text.length)
		pieces.push({ text: text.slice(done), href: null });
	return pieces;
}

/* The visible text is what was written, so that no link says it goes elsewhere than it does. */
export function linked(text: string): (Node | string)[] {
	return split(text).map(({ text: words, href }) =>
		href ? el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow ugc" }, words) : words);
}

/* A name as somebody else gave it: what turns letters round could show "gpj.exe" as "exe.jpg". */
export function plainName(name: string): string {
	return name.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, "").trim() || "…";
}
