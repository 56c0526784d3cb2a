/* hear.ts - who listens to the core: watchers of the state, and handlers of the host page's */
import type { EventName, Events, Handler, Part, Watcher } from "./types";

function guarded(call: () => void): void {
	try {
		call();
	} catch (error) {
		console.error("headgate:", error);	/* of the page's own handler: nothing of ours stops for it */
	}
}

export class Watchers {
	private readonly all = new Set<Watcher>();
	private parts = new Set<Part>();

	add(watcher: Watcher): () => void {
		this.all.add(watcher);
		return () => void this.all.delete(watcher);
	}

	/* Watchers hear of everything that changes in one turn of the page at once. */
	changed(...parts: Part[]): void {
		if (!this.parts.size)
			queueMicrotask(() => this.tell());
		parts.forEach((part) => this.parts.add(part));
	}

	private tell(): void {
		const parts = this.parts;
		this.parts = new Set();
		[...this.all].forEach((watcher) => guarded(() => watcher(parts)));
	}
}

export class Handlers {
	private readonly all = new Map<EventName, Set<Handler<any>>>();

	add<N extends EventName>(name: N, handler: Handler<N>): () => void {
		const set = this.all.get(name) ?? new Set();
		this.all.set(name, set.add(handler));
		return () => void set.delete(handler);
	}

	emit<N extends EventName>(name: N, data: Events[N]): void {
		[...(this.all.get(name) ?? [])].forEach((handler) => guarded(() => handler(data)));
	}
}
