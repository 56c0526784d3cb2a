/* fetch.ts - the part of the view that is fetched when it is needed, and dressed */
import { dress } from "../launcher";
import type { Extras } from "./stage";

const AGAIN_MS = 3000;

const dressed = new WeakSet<ShadowRoot>();
let fetched: Promise<Extras> | null = null;
let tries = 0;

/* Beside the script this is part of. */
function file(name: string): string {
	return new URL(name, import.meta.url).href;
}

/* A failed import is remembered by some browsers: the next one asks for another address, and not at once. */
export async function fetchExtras(root: ShadowRoot): Promise<Extras> {
	const extras = await (fetched ??= (import(file(__MORE__ + (tries++ ? `?${tries}` : ""))) as Promise<Extras>).catch(lost => {
		setTimeout(() => fetched = null, AGAIN_MS);
		throw lost;
	}));

	if (!dressed.has(root))
		dress(root, extras.css, file(__STYLES__.extras ?? ""), root.host as HTMLElement);
	dressed.add(root);
	return extras;
}
