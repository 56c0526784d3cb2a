/* tabs.ts - the tabs of one browser on one site: one of them leads, all hear each other
 *
 * Web Locks elect the leader and say who lives; a lock is let go by the browser itself when its tab dies.
 * Where they are missing (a page without TLS), each tab is on its own. */
import { uuid7 } from "./ids";

/* The part of LockManager that is used. */
export interface Locks {
	request<T>(name: string, options: { signal?: AbortSignal }, work: () => Promise<T>): Promise<T>;
	query(): Promise<{ held?: { name?: string }[] }>;
}

export class Tabs<News> {
	readonly id = uuid7();
	/* One object for both ways: a second one of the same name in this tab would hear the first. */
	private readonly line: BroadcastChannel | null;
	private readonly locks: Locks | null;
	private readonly queues = new Map<string, Promise<unknown>>();
	private closed = false;
	/* Ends the lock that says this tab lives. */
	private life = new AbortController();

	/* together: false where tabs share nothing. */
	constructor(private readonly name: string, together: boolean, hear: (news: News) => void,
		    locks: Locks | undefined = globalThis.navigator?.locks as Locks | undefined) {
		this.locks = (together && locks) || null;
		this.line = together && typeof BroadcastChannel === "function" ? new BroadcastChannel(name) : null;
		if (this.line)
			this.line.onmessage = (event) => hear(event.data as News);
		this.live();
	}

	/* The page is left, perhaps to be kept for the way back: a page with locks would not be. */
	rest(): void {
		this.life.abort();
	}

	rise(): void {
		if (this.life.signal.aborted && !this.closed)
			this.live();
	}

	tell(news: News): void {
		if (!this.closed)
			this.line?.postMessage(news);
	}

	/* begin() is called when this tab leads, at most once, and what it returns when it does no more.  Returns what
	 * gives the lead, or the wish for it, up. */
	lead(begin: () => () => void): () => void {
		const stop = new AbortController();
		void this.hold(`${this.name}:lead`, async () => {
			if (stop.signal.aborted)
				return;
			const end = begin();
			await forever(stop.signal);
			end();
		}, stop.signal);
		return () => stop.abort();
	}

	/* One at a time, in all tabs; without locks, in this one. */
	alone<T>(what: string, work: () => Promise<T>): Promise<T> {
		if (this.locks)
			return this.locks.request(`${this.name}:${what}`, {}, work);
		const before = this.queues.get(what) ?? Promise.resolve();
		const now = before.then(work);
		this.queues.set(what, now.catch(() => undefined));
		return now;
	}

	/* Whether a tab with this id still lives; without locks nobody else is known to. */
	async lives(id: string): Promise<boolean> {
		if (id === this.id || !this.locks)
			return id === this.id;
		const { held } = await this.locks.query();
		return (held ?? []).some((lock) => lock.name === `${this.name}:tab:${id}`);
	}

	close(): void {
		this.closed = true;
		this.life.abort();
		this.line?.close();
	}

	private live(): void {
		this.life = new AbortController();
		const { signal } = this.life;
		void this.hold(`${this.name}:tab:${this.id}`, () => forever(signal), signal);
	}

	private async hold(name: string, work: () => Promise<void>, signal: AbortSignal): Promise<void> {
		if (!this.locks)
			return work();
		try {
			await this.locks.request(name, { signal }, work);
		} catch {
			/* given up before it was granted */
		}
	}
}

function forever(until: AbortSignal): Promise<void> {
	return new Promise((done) => {
		if (until.aborted)
			done();
		else
			until.addEventListener("abort", () => done());
	});
}
