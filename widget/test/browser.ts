/* browser.ts - what tests have for a browser: storage, Web Locks, a page that is seen */
import * as parts from "../src/more";
import type { Ears, Surroundings } from "../src/surroundings";

export class FakeArea {
	full = false;
	private readonly rows = new Map<string, string>();

	get length(): number {
		return this.rows.size;
	}

	key(n: number): string | null {
		return [...this.rows.keys()][n] ?? null;
	}

	getItem(key: string): string | null {
		return this.rows.get(key) ?? null;
	}

	setItem(key: string, value: string): void {
		if (this.full)
			throw new Error("QuotaExceededError");
		this.rows.set(key, value);
	}

	removeItem(key: string): void {
		this.rows.delete(key);
	}
}

interface Waiting {
	signal?: AbortSignal;
	grant(): void;
}

/* Of one browser: all its tabs have the same.  Exclusive locks, first come, first served. */
export class FakeLocks {
	readonly held = new Set<string>();
	private readonly queues = new Map<string, Waiting[]>();

	async request<T>(name: string, { signal }: { signal?: AbortSignal }, work: () => Promise<T>): Promise<T> {
		if (signal?.aborted)
			throw new DOMException("aborted", "AbortError");
		if (this.held.has(name))
			await this.turn(name, signal);
		this.held.add(name);
		try {
			return await work();
		} finally {
			const next = this.queues.get(name)?.shift();
			if (next)
				next.grant();	/* it is not let go in between */
			else
				this.held.delete(name);
		}
	}

	private turn(name: string, signal?: AbortSignal): Promise<void> {
		return new Promise((grant, refuse) => {
			const queue = this.queues.get(name) ?? [];
			const waiting = { signal, grant };
			this.queues.set(name, queue);
			queue.push(waiting);
			signal?.addEventListener("abort", () => {
				if (queue.includes(waiting))
					queue.splice(queue.indexOf(waiting), 1);
				refuse(new DOMException("aborted", "AbortError"));
			});
		});
	}

	async query(): Promise<{ held: { name: string }[] }> {
		return { held: [...this.held].map((name) => ({ name })) };
	}
}

/* What its tabs share. */
export class FakeBrowser {
	readonly local = new FakeArea();
	readonly locks = new FakeLocks();
}

export class FakePage implements Surroundings {
	readonly local: FakeArea;
	readonly locks: FakeLocks;
	seenNow = true;
	ears: Ears | null = null;

	/* session: of a page that was loaded before in this tab. */
	constructor(browser = new FakeBrowser(), readonly session = new FakeArea()) {
		this.local = browser.local;
		this.locks = browser.locks;
	}

	visible(): boolean {
		return this.seenNow;
	}

	page(): { url: string; title: string } {
		return { url: "https://shop.example/basket", title: "Basket" };
	}

	async more(): Promise<typeof parts> {
		return parts;
	}

	listen(ears: Ears): () => void {
		this.ears = ears;
		return () => { this.ears = null; };
	}
}
