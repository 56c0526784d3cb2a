/* signs.ts - what the other side may know of the visitor without a word: that he types, what he has read */
import type { Ask } from "./api";
import type { Model } from "./model";

/* Typing is told at most so often. */
const TYPING_EVERY_MS = 3000;

export interface SignsEnv {
	model: Model;
	call(method: string, path: string, ask: Ask): Promise<unknown>;
	visible(): boolean;
	/* The other tabs shall know. */
	read(thread: string, message: string): void;
}

export class Signs {
	private typedAt = 0;
	private mark = "";

	constructor(private readonly env: SignsEnv) {}

	typing(text: string): void {
		const { current, phase } = this.env.model.state;
		const now = Date.now();
		if (!current || phase !== "ready")
			return;
		if (text ? now - this.typedAt < TYPING_EVERY_MS : !this.typedAt)
			return;
		this.typedAt = text ? now : 0;
		this.env.call("POST", `/threads/${current}/typing`, { body: { on: !!text } }).catch(() => undefined);
	}

	/* What was typed is sent: the message itself ends the sign. */
	sent(): void {
		this.typedAt = 0;
	}

	seen(): void {
		const { model } = this.env;
		const thread = model.thread(model.state.current);
		const last = thread && model.log(thread.id).lastOfOthers;
		if (!last || !thread.unread || this.mark === last.id || !this.env.visible())
			return;
		this.mark = last.id;
		this.env.call("POST", `/threads/${thread.id}/read`, { body: { message: last.id } }).then(() => {
			this.read(thread.id, last.id);
			this.env.read(thread.id, last.id);
		}, () => { this.mark = ""; });
	}

	/* In this tab or another. */
	read(thread: string, message: string): void {
		this.env.model.changeThread(thread, { unread: 0, read_up_to: message });
	}
}
