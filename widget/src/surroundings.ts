/* surroundings.ts - what the core wants of the browser, for tests to replace */
import { Area, areaOf } from "./keep";
import type * as More from "./more";
import type { Locks } from "./tabs";
import { backoff, sleep } from "./wait";

export interface Surroundings {
	local: Area | null;
	session: Area | null;
	locks: Locks | undefined;
	/* The page is seen. */
	visible(): boolean;
	/* Where the visitor writes from. */
	page(): { url: string; title: string } | undefined;
	/* Calls back at what happens to the page; returns what ends that. */
	listen(ears: Ears): () => void;
	/* The part of the app that is fetched late. */
	more(base: string): Promise<typeof More>;
}

export interface Ears {
	online(): void;
	offline(): void;
	/* Seen again, after who knows how long. */
	seen(): void;
	/* It goes away, perhaps to be kept for the way back: then it may hold no lock and no connection. */
	left(): void;
	back(): void;
}

export function surroundings(): Surroundings {
	return {
		local: areaOf("localStorage"),
		session: areaOf("sessionStorage"),
		locks: navigator.locks as Locks | undefined,
		visible,
		/* Without query and fragment: secrets may be in them. */
		page: () => ({ url: location.origin + location.pathname, title: document.title }),
		listen,
		more: (base) => fetched ??= more(base),
	};
}

let fetched: Promise<typeof More> | null = null;

async function more(base: string): Promise<typeof More> {
	for (let tries = 0; ; tries++) {
		try {
			/* Some browsers remember that an import failed: then another address is asked. */
			return await import(`${base}/widget/${__MORE__}${tries ? "?" + tries : ""}`);
		} catch {
			await sleep(backoff(tries));
		}
	}
}

const visible = (): boolean => document.visibilityState === "visible";

function listen(ears: Ears): () => void {
	const gone = new AbortController();
	const on = (target: EventTarget, name: string, act: () => void): void =>
		target.addEventListener(name, act, { signal: gone.signal });
	on(window, "online", ears.online);
	on(window, "offline", ears.offline);
	on(window, "pagehide", ears.left);
	on(window, "pageshow", ears.back);
	on(document, "visibilitychange", () => visible() && ears.seen());
	return () => gone.abort();
}
