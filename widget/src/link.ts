/* link.ts - events for this tab: from the server when it leads, from the tab that leads when it does not */
import { Trouble } from "./api";
import type { Api } from "./api";
import type { Keep } from "./keep";
import { Live, LiveEvent } from "./live";
import type { Model } from "./model";
import type { Item, Sent } from "./outbox";
import type { Session } from "./session";
import type { Tabs } from "./tabs";
import type { ChatState, Message } from "./types";

/* An answer that was not read at once is told to be delivered. */
const DELIVERED_AFTER_MS = 1000;

/* What one tab tells the others. */
export type News =
	| { kind: "events"; list: LiveEvent[] }
	| { kind: "sent"; item: Item; answer: Sent }
	| { kind: "read"; thread: string; message: string }
	| { kind: "connection"; state: ChatState["connection"] }
	| { kind: "hello" | "session" | "ended" | "outbox" };

export interface LinkEnv {
	api: Api;
	session: Session;
	keep: Keep;
	tabs: Tabs<News>;
	model: Model;
	/* This tab has a reason to hear of things. */
	wanted(): boolean;
	hear(event: LiveEvent): void;
	/* Connected, again. */
	up(): void;
}

export class Link {
	private live: Live | null = null;
	private quit: (() => void) | null = null;

	constructor(private readonly env: LinkEnv) {}

	/* Connects this tab or lets it go, as it is wanted now. */
	settle(): void {
		const wanted = this.env.wanted();
		if (!wanted) {
			this.drop();
		} else if (!this.quit) {
			this.quit = this.env.tabs.lead(() => this.lead());
			this.env.tabs.tell({ kind: "hello" });
		}
	}

	drop(): void {
		this.quit?.();
		this.quit = null;
		this.state("idle");
	}

	/* At once and anew: another token, another network. */
	kick(): void {
		this.live?.kick();
	}

	/* The page is seen again. */
	check(): void {
		this.live?.check();
	}

	/* As this tab sees it. */
	state(connection: ChatState["connection"]): void {
		if (connection === this.env.model.state.connection)
			return;
		this.env.model.set({ connection }, "connection");
		if (connection === "online")
			this.env.up();
	}

	/* A tab asks how it stands. */
	hello(): void {
		if (this.live)
			this.env.tabs.tell({ kind: "connection", state: this.env.model.state.connection });
	}

	private lead(): () => void {
		const { api, session, keep, tabs } = this.env;
		const live = new Live({
			api,
			/* The one there is: a visitor who has just logged out in another tab does not begin anew here. */
			token: async () => (session.kept ?? never()).token,
			renew: (stale) => session.renew(stale),
			cursor: () => keep.get<string>("cursor"),
			events: (list, cursor) => {
				if (cursor)
					keep.set("cursor", cursor);
				this.hear(list.filter(({ data }) => data));
			},
			state: (now) => {
				tabs.tell({ kind: "connection", state: now });
				this.state(now);
			},
		});
		this.live = live;
		return () => {
			live.stop();
			this.live = null;
		};
	}

	private hear(list: LiveEvent[]): void {
		for (const event of list) {
			if (event.type === "bye")
				this.bye();
			else
				this.env.hear(event);
			if (event.type === "message" && !event.data.message.author.me)
				setTimeout(() => this.delivered(event.data.message), DELIVERED_AFTER_MS);
		}
		this.env.tabs.tell({ kind: "events", list: list.filter(({ type }) => type !== "bye") });
	}

	private delivered({ id, thread_id }: Message): void {
		if (!this.live || !this.env.model.thread(thread_id)?.unread)
			return;
		this.env.session.call("POST", `/threads/${thread_id}/delivered`, { body: { message: id } })
			.catch(() => undefined);
	}

	/* The server has ended the session of the stream: with another one it goes on. */
	private bye(): void {
		const { session } = this.env;
		session.renew(session.kept?.token ?? null).then(() => this.kick(), () => undefined);
	}
}

function never(): never {
	throw new Trouble("session-ended", "There is no session");
}
