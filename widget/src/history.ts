/* history.ts - threads and their messages, fetched as they are wanted */
import { trouble } from "./api";
import type { Api } from "./api";
import type { Keep } from "./keep";
import type { Model } from "./model";
import type { Session } from "./session";
import type { FileInfo, Message, Problem, Thread } from "./types";

/* Messages that are asked for at a time. */
const PAGE = 30;

interface Page {
	messages: Message[];
	more: boolean;
}

export interface HistoryEnv {
	api: Api;
	session: Session;
	keep: Keep;
	model: Model;
	/* There are threads now, or others. */
	changed(): void;
	/* The log on show is another. */
	draw(): void;
	complain(problem: Problem): void;
}

export class History {
	/* The threads are not known and should be. */
	wanting = false;
	/* What is on show was chosen by somebody. */
	private chosen = false;

	constructor(private readonly env: HistoryEnv) {}

	/* Nothing is asked while the visitor has said nothing yet, as far as this browser knows. */
	get expected(): boolean {
		const { kept } = this.env.session;
		return !!this.env.keep.get("talked") || !!kept?.unread || kept?.visitor.kind === "identified";
	}

	async fetch(): Promise<void> {
		this.wanting = true;
		try {
			const { threads } = await this.env.session.call<{ threads: Thread[] }>("GET", "/threads?limit=50");
			this.wanting = false;
			this.env.model.setThreads(threads);
			this.env.changed();
			await this.settle();
		} catch (error) {
			this.wanting = trouble(error).word === "offline";
		}
	}

	/* What could not be fetched without a connection.  What happened meanwhile comes as events. */
	async again(): Promise<void> {
		const { current } = this.env.model.state;
		if (this.wanting)
			await this.fetch();
		else if (current && !this.env.model.log(current).whole)
			await this.newest(current);
	}

	async open(id: string | null): Promise<void> {
		this.chosen = true;
		await this.show(id);
	}

	async older(): Promise<void> {
		const { current, older, loading } = this.env.model.state;
		const first = current && this.env.model.log(current).messages[0];
		if (!first || !older || loading)
			return;
		await this.page(current, `&before=${first.id}`, ({ messages, more }) =>
			this.env.model.log(current).before(messages, more));
	}

	/* Links of files stand for themselves wherever the page is. */
	located(message: Message): Message {
		for (const file of message.files)
			file.url &&= this.env.api.absolute(file.url);
		return message;
	}

	async fileUrl(message: Message, file: FileInfo, download: boolean): Promise<string> {
		const { messages } = this.env.model.log(message.thread_id);
		const next = messages[messages.findIndex(({ id }) => id === message.id) + 1];
		const page = await this.env.session.call<Page>("GET",
			`/threads/${message.thread_id}/messages?limit=1${next ? `&before=${next.id}` : ""}`);
		const fresh = page.messages.flatMap(({ files }) => files).find(({ id }) => id === file.id);
		const url = new URL(this.env.api.absolute(fresh?.url ?? file.url ?? ""));
		if (download)
			url.searchParams.set("download", "1");
		return url.href;
	}

	/* Shows what was chosen, else what goes on or is new. */
	private async settle(): Promise<void> {
		const { model } = this.env;
		let { current } = model.state;
		if (current && !model.thread(current)) {
			current = null;
			this.chosen = false;
		}
		if (!current && !this.chosen && !model.conversation)
			current = model.state.threads.find(({ state, unread, rating }) =>
				state === "open" || unread || rating)?.id ?? null;
		if (current || model.state.current)
			await this.show(current);
	}

	private async show(id: string | null): Promise<void> {
		const { model } = this.env;
		if (id !== model.state.current || !id)
			model.show(id);
		this.env.draw();
		if (id && !model.log(id).whole)
			await this.newest(id);
	}

	private newest(id: string): Promise<void> {
		return this.page(id, "", ({ messages, more }) => this.env.model.log(id).newest(messages, more));
	}

	private async page(id: string, before: string, take: (page: Page) => void): Promise<void> {
		const { session, model } = this.env;
		model.set({ loading: true }, "entries");
		try {
			const page = await session.call<Page>("GET", `/threads/${id}/messages?limit=${PAGE}${before}`);
			page.messages.forEach((message) => this.located(message));
			take(page);
		} catch (error) {
			if (trouble(error).status)
				this.env.complain(trouble(error));
		}
		model.set({ loading: false }, "entries");
		this.env.draw();
	}
}
