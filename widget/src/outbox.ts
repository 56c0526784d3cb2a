/* outbox.ts - what the visitor said and the server does not have yet
 *
 * Each message is a row of its own in storage (tabs write side by side), named by its UUIDv7: so their order is that
 * of their names.  The server knows a message again by that id, and sending twice does no harm. */
import { Ask, passing, plain, trouble, Trouble } from "./api";
import type { Keep } from "./keep";
import type { Message, Problem, Profile, Thread } from "./types";
import { backoff } from "./wait";

/* A file of a waiting message; id is null while it is on its way. */
export interface ItemFile {
	key: string;
	id: string | null;
	name: string;
	type: string;
	bytes: number;
}

export interface Item {
	id: string;
	/* Messages of a conversation that has no thread yet have this in common: the id of the first. */
	conversation: string;
	thread: string | null;
	text: string;
	files: ItemFile[];
	/* Which tab has the files that are on their way, and said it. */
	tab: string;
	at: string;
	/* Set: it is not sent until somebody says so. */
	problem: Problem | null;
	page?: { url: string; title: string };
	profile?: Profile;
	context?: Record<string, string>;
	website?: string;
	/* Which of the choices of a message it is. */
	choice?: string;
	locale?: string;
}

export interface Sent {
	thread: Thread;
	message: Message;
}

export interface OutboxEnv {
	keep: Keep;
	tab: string;
	call<T>(method: string, path: string, ask?: Ask): Promise<T>;
	alone<T>(work: () => Promise<T>): Promise<T>;
	lives(tab: string): Promise<boolean>;
	/* The server has it; the item is gone already. */
	sent(item: Item, answer: Sent): void;
	/* Another list, or another one is being sent. */
	changed(): void;
	failed(item: Item, problem: Problem): void;
}

const ROW = "out:";
const LOOK_MS = 2000;
export const WAITING_MAX = 100;

/* The next to be sent: oldest first.  One whose files are on their way in another tab holds up what that tab said
 * after it, and nobody else. */
export function nextOf(items: Item[]): Item | null {
	const held = new Set<string>();
	for (const item of items) {
		if (item.problem || held.has(item.tab))
			continue;
		if (item.files.every((file) => file.id))
			return item;
		held.add(item.tab);
	}
	return null;
}

export function bodyOf(item: Item): Record<string, unknown> {
	const { id, text, files, profile, page, context, website, choice, locale } = item;
	return {
		id, profile, page, context, website, choice, locale,
		text: text || undefined,
		files: files.length ? files.map((file) => file.id) : undefined,
	};
}

export class Outbox {
	/* The one that is being sent by this tab. */
	sending: string | null = null;
	private running = false;
	private stopped = false;
	private again = false;
	private failures = 0;
	private timer: ReturnType<typeof setTimeout> | undefined;

	constructor(private readonly env: OutboxEnv) {}

	get items(): Item[] {
		return this.env.keep.keys(ROW).map((key) => this.env.keep.get<Item>(key)).filter((item): item is Item => !!item);
	}

	get(id: string): Item | null {
		return this.env.keep.get<Item>(ROW + id);
	}

	/* New, or as it is now. */
	put(item: Item): void {
		this.env.keep.set(ROW + item.id, item);
		this.env.changed();
		this.flush();
	}

	drop(id: string): void {
		this.env.keep.set(ROW + id, null);
		this.env.changed();
	}

	clear(): void {
		clearTimeout(this.timer);
		for (const key of this.env.keep.keys(ROW))
			this.env.keep.set(key, null);
		this.env.changed();
	}

	/* Sends what waits, now. */
	flush(): void {
		clearTimeout(this.timer);
		this.again = true;
		if (!this.running && !this.stopped && this.items.length)
			void this.run();
	}

	stop(): void {
		clearTimeout(this.timer);
		this.stopped = true;
	}

	private async run(): Promise<void> {
		this.running = true;
		try {
			while (this.again && !this.stopped) {
				this.again = false;
				await this.env.alone(() => this.pass());
			}
		} finally {
			this.running = false;
		}
	}

	private async pass(): Promise<void> {
		await this.bury();
		for (let item = nextOf(this.items); item; item = nextOf(this.items)) {
			if (!(await this.send(item)))
				return;
		}
	}

	/* Files that were on their way in a tab that is gone are not there any more.  Another tab's are looked at again: it
	 * may be closed, or be closing, and says nothing of that. */
	private async bury(): Promise<void> {
		for (const item of this.items) {
			if (item.problem || item.files.every((file) => file.id))
				continue;
			if (!(await this.env.lives(item.tab)))
				this.fail(item, new Trouble("upload-lost", "The page was closed before the file was sent"));
			else if (item.tab !== this.env.tab)
				this.later(LOOK_MS);
		}
	}

	/* Another tab's list has changed: nobody else would notice that it dies with files on their way. */
	heed(): void {
		if (this.items.some((item) => item.tab !== this.env.tab && !item.problem && item.files.some((file) => !file.id)))
			setTimeout(() => this.stopped || void this.env.alone(() => this.bury()), LOOK_MS);
	}

	private later(ms: number): void {
		clearTimeout(this.timer);
		if (!this.stopped)
			this.timer = setTimeout(() => this.flush(), ms);
	}

	/* False: not now. */
	private async send(item: Item): Promise<boolean> {
		this.sending = item.id;
		this.env.changed();
		try {
			const path = item.thread ? `/threads/${item.thread}/messages` : "/threads";
			const answer = await this.env.call<Sent>("POST", path, { body: bodyOf(item) });
			this.failures = 0;
			this.took(item, answer);
			return true;
		} catch (error) {
			return this.not(item, trouble(error));
		} finally {
			this.sending = null;
			this.env.changed();
		}
	}

	private took(item: Item, answer: Sent): void {
		this.env.keep.set(ROW + item.id, null);
		this.settle(item.conversation, answer.thread.id);
		this.env.sent(item, answer);
	}

	/* What else was said in a conversation belongs to the thread its first message made. */
	settle(conversation: string, thread: string): void {
		for (const item of this.items) {
			if (item.conversation === conversation && !item.thread)
				this.env.keep.set(ROW + item.id, { ...item, thread });
		}
	}

	private not(item: Item, why: Trouble): boolean {
		if (!this.get(item.id))
			return true;	/* taken away meanwhile, or the stream has brought it */
		if (passing(why)) {
			this.later(Math.max(backoff(this.failures++), (why.retry_after ?? 0) * 1000));
			return false;
		}
		if (why.status === 404 && item.thread) {
			/* It is not his any more (another visitor since): said anew. */
			this.env.keep.set(ROW + item.id, { ...item, thread: null });
			return true;
		}
		this.fail(item, why);
		return true;
	}

	private fail(item: Item, why: Problem): void {
		const problem = plain(why);
		this.env.keep.set(ROW + item.id, { ...item, problem });
		this.env.changed();
		this.env.failed(item, problem);
	}
}
