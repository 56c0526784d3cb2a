/* live.ts - what happens, as it happens: one stream a tab, and none while nobody looks at it
 *
 * A browser gives a host six connections for all its tabs: a tab that is hidden gives its own back.  What was missed
 * is not told again here; who listens asks for what is new when told "again". */
import type { Event } from "./types";
import { OWN_HEADER } from "./api";

type Listener = (event: Event | null) => void;	/* null: something may have been missed */

const listeners = new Set<Listener>();
let going: AbortController | null = null;
let wait = 0;
let onState: (live: boolean) => void = () => undefined;

export function onLiveState(then: (live: boolean) => void): void {
	onState = then;
}

export function hear(listener: Listener, signal: AbortSignal): void {
	listeners.add(listener);
	signal.addEventListener("abort", () => listeners.delete(listener));
}

function tellAll(event: Event | null): void {
	for (const listener of [...listeners])
		listener(event);
}

function take(line: string): void {
	if (!line.trim())
		return;
	try {
		tellAll(JSON.parse(line) as Event);
	} catch {
		/* half a line, of a stream that was cut */
	}
}

async function read(signal: AbortSignal): Promise<void> {
	const answer = await fetch("/v1/events/stream", { headers: { ...OWN_HEADER, Accept: "application/x-ndjson" },
		credentials: "same-origin", cache: "no-store", signal });
	if (!answer.ok || !answer.body)
		throw new Error(String(answer.status));
	const reader = answer.body.getReader();
	const decoder = new TextDecoder();
	let rest = "";

	onState(true);
	wait = 0;
	tellAll(null);
	for (;;) {
		const { done, value } = await reader.read();
		if (done)
			return;
		const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
		rest = lines.pop()!;
		lines.forEach(take);
	}
}

async function run(): Promise<void> {
	const mine = going = new AbortController();

	while (going === mine && !mine.signal.aborted) {
		try {
			await read(mine.signal);
		} catch {
			/* told by the state, and tried again */
		}
		if (mine.signal.aborted)
			return;
		onState(false);
		wait = Math.min(wait ? wait * 2 : 500, 30000);
		await new Promise(resolve => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
	}
}

export function stopLive(): void {
	going?.abort();
	going = null;
}

export function startLive(): void {
	const look = (): void => {
		if (document.hidden)
			stopLive();
		else if (!going)
			void run();
	};

	document.addEventListener("visibilitychange", look);
	look();
}

/* Runs work soon after the last of a burst of calls, and never twice at once. */
export function settled(work: () => Promise<void>, ms = 250): () => void {
	let timer = 0, running = false, again = false;
	const go = async (): Promise<void> => {
		if (running) {
			again = true;
			return;
		}
		running = true;
		try {
			await work();
		} catch {
			/* the next event tries again */
		}
		running = false;
		if (again) {
			again = false;
			void go();
		}
	};

	return () => {
		clearTimeout(timer);
		timer = window.setTimeout(() => void go(), ms);
	};
}
