/* log.ts - the messages of one thread, in order, as pages and events bring them */
import type { Message, MessageState, Thread } from "./types";

const RANK: Record<MessageState, number> = { failed: 0, sent: 0, delivered: 1, read: 2 };
export const THREADS_MAX = 50;

/* States only move forward; what has failed did not arrive after all, unless it is known that it did. */
export function further(old: MessageState | null, now: MessageState | null): MessageState | null {
	return !old || !now || RANK[now] >= RANK[old] ? now ?? old : old;
}

export class Log {
	messages: Message[] = [];
	/* There is more before the first. */
	older = false;
	/* A page was fetched: what is here is the end of the thread, without a hole. */
	whole = false;

	find(id: string): Message | undefined {
		return this.messages.find((message) => message.id === id);
	}

	/* False when it was there. */
	put(message: Message): boolean {
		const at = this.messages.findIndex((one) => one.id === message.id);
		if (at >= 0) {
			const old = this.messages[at];
			const newer = (old.edited_at ?? "") > (message.edited_at ?? "") || (old.deleted && !message.deleted);
			/* An answer may have been on its way while an event overtook it. */
			this.messages[at] = { ...(newer ? old : message), state: further(old.state, message.state) };
			return false;
		}
		/* By time, behind those of the same time: so in the order they came in. */
		let place = this.messages.length;
		while (place && this.messages[place - 1].at > message.at)
			place--;
		this.messages.splice(place, 0, message);
		return true;
	}

	/* The newest page.  One that has nothing in common with what was here leaves a hole between: that goes. */
	newest(page: Message[], more: boolean): void {
		const joined = !this.whole || page.some((message) => this.find(message.id));
		if (this.whole && !joined)
			this.messages = [];
		if (!this.whole || !joined)
			this.older = more;
		this.whole = true;
		page.forEach((message) => this.put(message));
	}

	before(page: Message[], more: boolean): void {
		this.older = more;
		page.forEach((message) => this.put(message));
	}

	move(id: string, state: MessageState): boolean {
		const message = this.find(id);
		if (!message || further(message.state, state) === message.state)
			return false;
		this.put({ ...message, state });
		return true;
	}

	/* An agent has read up to it. */
	read(id: string): boolean {
		const end = this.messages.findIndex((message) => message.id === id);
		return this.messages.slice(0, end + 1)
			.filter((message) => message.author.me && message.state !== "failed")
			.map((message) => this.move(message.id, "read"))
			.includes(true);
	}

	/* The newest message of somebody else's. */
	get lastOfOthers(): Message | undefined {
		return [...this.messages].reverse().find((message) => !message.author.me);
	}
}

/* Newest activity first; an older state of a thread than the one there loses nothing. */
export function upsert(threads: Thread[], thread: Thread): Thread[] {
	return [thread, ...threads.filter((one) => one.id !== thread.id)]
		.sort((a, b) => (a.last_at < b.last_at ? 1 : a.last_at > b.last_at ? -1 : 0))
		.slice(0, THREADS_MAX);
}
