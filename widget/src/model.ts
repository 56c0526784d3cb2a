/* model.ts - the state, and what each event makes of it: no requests, no storage */
import { Handlers, Watchers } from "./hear";
import type { Item } from "./outbox";
import { Log, upsert } from "./log";
import type { LiveEvent } from "./live";
import type { Outgoing } from "./uploads";
import type { ChatState, Entry, Message, Part, Theme, Thread } from "./types";

/* A sign of typing is good for so long. */
const TYPING_MS = 6000;
/* Ids of messages the page was told of: replays are not told again. */
const TOLD_MAX = 1000;

export const THEME: Theme = { accent: "#1f5fbf", on_accent: "#ffffff", mode: "auto", position: "end" };

function initial(): ChatState {
	return {
		phase: "asleep", problem: null, connection: "idle", visitor: null, channel: null,
		threads: [], current: null, entries: [], older: false, loading: false,
		typing: null, unread: 0, attachments: [], draft: "",
		open: false, shown: true, locale: "en", theme: THEME, embed: false,
	};
}

export class Model {
	readonly state = initial();
	readonly watchers = new Watchers();
	readonly handlers = new Handlers();
	readonly logs = new Map<string, Log>();
	/* Of the new conversation on show, while no thread is. */
	conversation: string | null = null;
	private readonly told = new Set<string>();
	private typingTimer: ReturnType<typeof setTimeout> | undefined;

	set<K extends keyof ChatState>(values: Pick<ChatState, K>, ...parts: Part[]): void {
		Object.assign(this.state, values);
		this.watchers.changed(...parts);
	}

	/* Everything of this visitor's. */
	wipe(): void {
		clearTimeout(this.typingTimer);
		this.logs.clear();
		this.told.clear();
		this.conversation = null;
		const { visitor, threads, current, entries, older, loading, typing, unread, attachments, draft } = initial();
		const was = this.state.unread;
		this.set({ visitor, threads, current, entries, older, loading, typing, unread, attachments, draft },
			"session", "threads", "entries", "typing", "unread", "attachments", "draft");
		if (was)
			this.handlers.emit("unread", { count: 0 });
	}

	log(thread: string): Log {
		const log = this.logs.get(thread) ?? new Log();
		this.logs.set(thread, log);
		return log;
	}

	thread(id: string | null): Thread | undefined {
		return this.state.threads.find((thread) => thread.id === id);
	}

	/* ---- the log on show ---- */

	/* What is on its way: items in their order, and the files of this tab. */
	draw(items: Item[], sending: string | null, uploads: Map<string, Outgoing>): void {
		const { current } = this.state;
		const log = current ? this.logs.get(current) : undefined;
		const messages = log?.messages ?? [];
		const known = new Set(messages.map((message) => message.client_id));
		const mine = items.filter((item) => !known.has(item.id) &&
			(item.thread ? item.thread === current : !current && item.conversation === this.conversation));
		const entries = [
			...messages.map(arrived),
			...mine.map((item) => outgoing(item, item.id === sending, uploads)),
		];
		this.set({ entries, older: log?.older ?? false }, "entries");
	}

	/* ---- what the server tells ---- */

	setThreads(threads: Thread[]): void {
		this.set({ threads }, "threads");
		this.count();
	}

	putThread(thread: Thread): void {
		const old = this.thread(thread.id);
		this.set({ threads: upsert(this.state.threads, thread) }, "threads");
		this.count();
		const { ticket, rating } = thread;
		if (ticket && (ticket.number !== old?.ticket?.number || ticket.state !== old.ticket.state))
			this.handlers.emit("ticket", { thread_id: thread.id, ...ticket });
		if (rating && !old?.rating)
			this.handlers.emit("csat", { thread_id: thread.id, asked: true, scale: rating.scale });
	}

	changeThread(id: string, values: Partial<Thread>): void {
		const thread = this.thread(id);
		if (thread)
			this.putThread({ ...thread, ...values });
	}

	putMessage(thread: Thread, message: Message): void {
		this.putThread(thread);
		this.logs.get(message.thread_id)?.put(message);
		if (!message.author.me)
			this.typing(message.thread_id, null, false);
		if (this.told.has(message.id))
			return;
		this.told.add(message.id);
		if (this.told.size > TOLD_MAX)
			this.told.delete(this.told.values().next().value as string);
		this.handlers.emit("message", { thread, message });
	}

	/* Everything but messages that are new and what concerns the connection itself. */
	apply({ type, data }: LiveEvent): void {
		const log = this.logs.get(data.thread_id);
		if (type === "thread")
			this.putThread(data.thread);
		else if (type === "message.changed" && log?.find(data.message.id))
			log.put(data.message);
		else if (type === "message.state")
			log?.move(data.message_id, data.state);
		else if (type === "read")
			log?.read(data.message_id);
		else if (type === "typing")
			this.typing(data.thread_id, data.name, data.on);
		else if (type === "rating")
			this.changeThread(data.thread_id, { rating: { scale: data.scale } });
	}

	/* Of the thread on show; what goes on elsewhere is nobody's matter now. */
	private typing(thread_id: string, name: string | null, on: boolean): void {
		const { typing, current } = this.state;
		if (thread_id !== current)
			return;
		clearTimeout(this.typingTimer);
		if (on)
			this.typingTimer = setTimeout(() => this.typing(thread_id, null, false), TYPING_MS);
		if (on ? typing?.name === name : !typing)
			return;
		this.set({ typing: on ? { thread_id, name } : null }, "typing");
		this.handlers.emit("typing", { thread_id, name, on });
	}

	/* Another thread on show; null: a new conversation, perhaps one that has begun. */
	show(current: string | null, conversation: string | null = null): void {
		clearTimeout(this.typingTimer);
		this.conversation = conversation;
		this.set({ current, typing: null }, "entries", "typing");
	}

	private count(): void {
		const unread = this.state.threads.reduce((sum, thread) => sum + thread.unread, 0);
		if (unread === this.state.unread)
			return;
		this.set({ unread }, "unread");
		this.handlers.emit("unread", { count: unread });
	}
}

function arrived(message: Message): Entry {
	return { key: message.client_id ?? message.id, message, outgoing: null, problem: null, uploads: [] };
}

function outgoing(item: Item, sending: boolean, uploads: Map<string, Outgoing>): Entry {
	const message: Message = {
		id: item.id, client_id: item.id, thread_id: item.thread ?? "",
		author: { kind: "visitor", name: null, me: true },
		kind: "text", text: item.text, files: [], at: item.at, edited_at: null, deleted: false,
		state: null, channel: "widget", reply_to: null, choices: [], reactions: {},
	};
	const files = item.files.map((file) => uploads.get(file.key) ?? {
		key: file.key, name: file.name, type: file.type, bytes: file.bytes,
		sent: file.id ? file.bytes : 0,
		state: file.id ? "done" as const : item.problem ? "failed" as const : "uploading" as const,
		problem: file.id ? null : item.problem,
		preview: null,
	});
	return {
		key: item.id, message, uploads: files, problem: item.problem,
		outgoing: item.problem ? "failed" : sending ? "sending" : "waiting",
	};
}
