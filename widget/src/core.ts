/* core.ts - the widget without its looks: who the visitor is, what was said, what is on its way
 *
 * Tabs of one browser share storage: the session, what waits to be sent, and how far events are known.  One of them
 * has the live connection and tells the others. */
import { Api, plain, trouble, Trouble } from "./api";
import { History } from "./history";
import { uuid7 } from "./ids";
import { Keep } from "./keep";
import { Link, News } from "./link";
import type { LiveEvent } from "./live";
import { Model, THEME } from "./model";
import type * as More from "./more";
import { Item, Outbox, Sent, WAITING_MAX } from "./outbox";
import { Kept, Session } from "./session";
import { Signs } from "./signs";
import { Surroundings, surroundings } from "./surroundings";
import { Tabs } from "./tabs";
import { Tray } from "./tray";
import type { ChatCore, ChatState, Choice, EventName, FileInfo, Handler, Identity, Message, Problem, Profile, Settings,
	Theme, Thread, Watcher } from "./types";
import type { Outgoing } from "./uploads";
import { backoff, sleep } from "./wait";

/* What the channel says of its hours is asked for anew when it is older. */
const STALE_MS = 300_000;

export class Chat implements ChatCore {
	private readonly model = new Model();
	private readonly api: Api;
	/* Shared by the tabs; of this tab. */
	private readonly keep: Keep;
	private readonly own: Keep;
	private readonly tabs: Tabs<News>;
	private readonly session: Session;
	private readonly outbox: Outbox;
	private readonly tray: Tray;
	private readonly history: History;
	private readonly link: Link;
	private readonly signs: Signs;
	private waking: Promise<void> | null = null;
	private nap = new AbortController();
	private gone = false;
	private toldReady = false;
	private context: Record<string, string> | undefined;
	private look: Partial<Theme>;
	private unlisten: () => void = () => undefined;

	constructor(private readonly settings: Settings, private readonly around: Surroundings = surroundings()) {
		const { base = "", channel, remember, locale = "en", embed = false, launcher = true } = settings;
		const name = `headgate:${base}:${channel}`;
		const together = remember !== "session" && around.local !== null;
		this.context = settings.context;
		this.look = settings.theme ?? {};
		this.model.set({ locale, embed, shown: launcher, theme: { ...THEME, ...this.look } });
		this.api = new Api(base);
		this.own = new Keep(`${name}:tab:`, around.session);
		this.keep = new Keep(`${name}:all:`, together ? around.local : around.session);
		this.tabs = new Tabs(name, together, (news) => this.hearTab(news), around.locks);
		this.session = this.makeSession();
		this.outbox = this.makeOutbox();
		const { api, session, keep, model, tabs, outbox } = this;
		this.tray = new Tray({
			call: (method, path, ask) => session.call(method, path, ask),
			rules: () => this.state.channel?.uploads ?? null,
			more: () => this.more(),
			changed: () => model.set({ attachments: this.tray.list }, "attachments"),
			progress: () => this.draw(),
			outbox,
		});
		this.history = new History({
			api, session, keep, model,
			changed: () => this.talked(),
			draw: () => this.draw(),
			complain: (problem) => this.complain(problem),
		});
		this.signs = new Signs({
			model,
			call: (method, path, ask) => session.call(method, path, ask),
			visible: () => this.around.visible(),
			read: (thread, message) => tabs.tell({ kind: "read", thread, message }),
		});
		this.link = new Link({
			api, session, keep, model, tabs,
			wanted: () => this.wanted(),
			hear: (event) => this.hear(event),
			up: () => this.up(),
		});
	}

	private makeSession(): Session {
		return new Session({
			api: this.api, keep: this.keep, channel: this.settings.channel,
			locale: () => this.state.locale,
			alone: (work) => this.tabs.alone("session", work),
			changed: (kept) => {
				this.meet(kept);
				this.tabs.tell({ kind: "session" });
				void this.wake();
			},
			ended: () => {
				this.keep.clear();
				this.forget();
				this.tabs.tell({ kind: "ended" });
			},
			solve: async (challenge, bits) => (await this.more()).solve(challenge, bits),
			refused: (why) => this.complain(why),
		});
	}

	private more(): Promise<typeof More> {
		return this.around.more(this.settings.base ?? "");
	}

	private makeOutbox(): Outbox {
		return new Outbox({
			keep: this.keep, tab: this.tabs.id,
			call: (method, path, ask) => this.session.call(method, path, ask),
			alone: (work) => this.tabs.alone("send", work),
			lives: (tab) => this.tabs.lives(tab),
			sent: (item, answer) => {
				this.tabs.tell({ kind: "sent", item, answer });
				this.sent(item, answer);
				if (this.state.connection === "offline")
					this.link.kick();	/* the server is there after all */
			},
			changed: () => {
				this.draw();
				this.tabs.tell({ kind: "outbox" });
			},
			failed: (_item, problem) => this.complain(problem),
		});
	}

	get state(): Readonly<ChatState> {
		return this.model.state;
	}

	watch(watcher: Watcher): () => void {
		return this.model.watchers.add(watcher);
	}

	on<N extends EventName>(name: N, handler: Handler<N>): () => void {
		return this.model.handlers.add(name, handler);
	}

	/* Once, when somebody watches.  The server is asked only when there is a reason: nothing is known in this
	 * browser, the visitor has threads, something waits, or the panel is open. */
	start(): void {
		const { kept } = this.session;
		const { open = !!this.settings.open, current = null, draft = "" } =
			this.own.get<Partial<ChatState>>("view") ?? {};
		this.model.set({ open: open || this.state.embed, draft }, "open", "draft");
		this.model.show(current);
		this.unlisten = this.around.listen({
			online: () => this.awake(),
			offline: () => this.link.kick(),
			seen: () => this.link.check(),
			left: () => {
				this.link.drop();
				this.tabs.rest();
			},
			back: () => {
				this.tabs.rise();
				this.link.settle();
			},
		});
		if (this.settings.identity)
			this.session.expect(this.settings.identity);
		if (kept)
			this.meet(kept);
		if (this.state.open || !kept || this.session.unsettled || this.history.expected || this.outbox.items.length)
			void this.wake();
	}

	destroy(): void {
		this.gone = true;
		this.unlisten();
		this.nap.abort();
		this.outbox.stop();
		this.tray.clear();
		this.link.drop();
		this.tabs.close();
	}

	/* ---- panel and launcher ---- */

	open(): void {
		const { kept } = this.session;
		if (this.state.phase === "ready" && kept && Date.now() - kept.at > STALE_MS)
			this.session.refresh().catch(() => undefined);
		this.setOpen(true);
		void this.wake();
	}

	close(): void {
		this.setOpen(false);
	}

	toggle(): void {
		this.setOpen(!this.state.open);
	}

	show(): void {
		this.model.set({ shown: true }, "open");
	}

	hide(): void {
		this.model.set({ shown: false }, "open");
		this.setOpen(false);
	}

	private setOpen(open: boolean): void {
		if (open === this.state.open)
			return;
		this.model.set({ open, shown: open || this.state.shown }, "open");
		this.remember();
		this.link.settle();
		this.model.handlers.emit(open ? "open" : "close", {});
	}

	setLocale(locale: string): void {
		this.model.set({ locale }, "look");
	}

	setTheme(theme: Partial<Theme>): void {
		this.look = { ...this.look, ...theme };
		this.model.set({ theme: { ...this.state.theme, ...this.look } }, "look");
	}

	setContext(context: Record<string, string>): void {
		this.context = context;
	}

	startConversation(text?: string): void {
		void this.openThread(null);
		if (text !== undefined)
			this.prefill(text);
		this.open();
	}

	prefill(text: string): void {
		this.model.set({ draft: text }, "draft");
		this.remember();
	}

	/* What this tab shows, over page loads. */
	private remember(): void {
		const { open, draft, current } = this.state;
		this.own.set("view", { open, draft, current });
	}

	/* ---- who the visitor is ---- */

	async identify(identity: Identity): Promise<void> {
		try {
			await this.session.identify(identity);
		} catch (error) {
			throw this.complain(trouble(error));
		}
		await this.wake();
	}

	async logout(): Promise<void> {
		this.close();
		await this.session.logout();
	}

	/* Ends when there is a session, or the server refuses one. */
	private async wake(): Promise<void> {
		if (this.state.phase === "ready")
			return;
		this.waking ??= this.begin().finally(() => { this.waking = null; });
		await this.waking;
	}

	private async begin(): Promise<void> {
		for (let failures = 0; !this.gone; failures++) {
			this.model.set({ phase: "starting" }, "session");
			try {
				this.meet(await this.session.get());
				break;
			} catch (error) {
				if (!(await this.unmet(trouble(error), failures)))
					return;
			}
		}
		this.model.set({ phase: "ready", problem: null }, "session");
		this.link.state("idle");
		void this.goOn();
	}

	private async goOn(): Promise<void> {
		if (this.history.expected)
			await this.history.fetch();
		this.link.settle();
		this.outbox.flush();
	}

	/* True when the time for another try has come; false when none is worth it. */
	private async unmet(why: Trouble, failures: number): Promise<boolean> {
		if (why.status ? why.status < 500 && why.status !== 429 : why.word !== "offline") {
			this.model.set({ phase: "refused", problem: plain(why) }, "session");
			this.complain(why);
			return false;
		}
		this.link.state("offline");
		this.nap = new AbortController();
		await sleep(Math.max(backoff(failures), (why.retry_after ?? 0) * 1000), this.nap.signal);
		return true;
	}

	/* A session: of this tab's asking, of another's, or kept from before. */
	private meet({ visitor, channel, cursor }: Kept): void {
		const before = this.state.visitor;
		const theme = { ...THEME, ...channel.theme, ...this.look };
		this.model.set({ visitor, channel, theme }, "session", "look");
		/* For the loader of the next page, which draws the button before anything is asked. */
		new Keep("headgate:look:", this.around.local).set(this.settings.channel, { ...theme, label: channel.title });
		if (!this.keep.get("cursor"))
			this.keep.set("cursor", cursor);
		if (before && before.id !== visitor.id)
			this.another(cursor);
		if (!this.toldReady) {
			this.toldReady = true;
			this.model.handlers.emit("ready", { visitor });
		}
	}

	/* The visitor was told who he is: what he said goes with him, and there may be more. */
	private another(cursor: string): void {
		this.keep.set("cursor", cursor);
		this.model.logs.clear();
		this.link.kick();
		if (this.state.phase === "ready")
			void this.history.fetch();
	}

	/* Nothing of the visitor stays in this tab. */
	private forget(): void {
		this.own.clear();
		this.tray.clear();
		this.link.drop();
		this.model.wipe();
		this.model.set({ phase: this.state.open ? "ended" : "asleep" }, "session");
	}

	/* ---- what was said ---- */

	async openThread(id: string | null): Promise<void> {
		const shown = this.history.open(id);
		this.remember();
		await shown;
	}

	loadOlder(): Promise<void> {
		return this.history.older();
	}

	fileUrl(message: Message, file: FileInfo, download = false): Promise<string> {
		return this.history.fileUrl(message, file, download);
	}

	private draw(): void {
		this.model.draw(this.outbox.items, this.outbox.sending, this.tray.all);
	}

	private talked(): void {
		if (this.state.threads.length)
			this.keep.set("talked", true);
		this.link.settle();
	}

	/* ---- what the visitor says ---- */

	send(text: string, { website = "" } = {}): boolean {
		const said = this.say(text, this.tray.ready, { website });
		if (said)
			this.prefill("");
		return said;
	}

	choose(_message: Message, choice: Choice): void {
		this.say(choice.title, [], { choice: choice.id });
	}

	private say(text: string, files: Outgoing[], more: Partial<Item>): boolean {
		const { current, channel } = this.state;
		const { items } = this.outbox;
		if (!text.trim() && !files.length)
			return false;
		if (channel && [...text].length > channel.text_max)
			return !this.complain(new Trouble("text-too-long", "The text is too long", `${channel.text_max}`));
		if (items.length >= WAITING_MAX)
			return !this.complain(new Trouble("outbox-full", "Too much waits to be sent"));
		const id = uuid7(items[items.length - 1]?.id);
		if (!current)
			this.model.conversation ??= id;
		this.outbox.put({
			id, thread: current, conversation: current ? id : this.model.conversation!,
			text: text.trim(), files: this.tray.hand(files, id),
			tab: this.tabs.id, at: new Date().toISOString(), problem: null,
			page: this.around.page(), context: this.context, locale: this.state.locale, ...more,
			profile: this.keep.get<Profile>("profile") ?? undefined,
		});
		this.signs.sent();
		void this.wake().then(() => this.link.settle());
		return true;
	}

	retry(key: string): void {
		const item = this.outbox.get(key);
		if (item)
			this.tray.again(item);
	}

	discard(key: string): void {
		this.tray.away(key);
		this.outbox.drop(key);
	}

	attach(files: Iterable<Blob & { name?: string }>): void {
		this.tray.add(files);
		void this.wake();
	}

	detach(key: string): void {
		this.tray.remove(key);
	}

	retryUpload(key: string): void {
		this.tray.all.get(key)?.retry();
	}

	/* The server has it, by whichever tab. */
	private sent(item: Item, { thread, message }: Sent): void {
		if (item.profile)
			this.keep.set("profile", null);
		this.tray.away(item.id, false);
		this.arrived(item.conversation, thread, message);
	}

	private arrived(conversation: string, thread: Thread, message: Message): void {
		const mine = !this.state.current && this.model.conversation === conversation;
		this.model.log(thread.id);
		this.model.putMessage(thread, this.history.located(message));
		this.talked();
		if (mine)
			void this.openThread(thread.id);
		else
			this.draw();
	}

	compose(text: string): void {
		const { draft } = this.state;
		this.model.state.draft = text;	/* the view has it: nobody is told */
		this.remember();
		if (text !== draft)
			this.signs.typing(text);
	}

	seen(): void {
		this.signs.seen();
	}

	setProfile(profile: Profile): void {
		const given = Object.entries(profile).filter(([, value]) => value).map(([name]) => name);
		const { channel, visitor } = this.state;
		this.keep.set("profile", { ...this.keep.get<Profile>("profile"), ...profile });
		if (!channel?.prechat || !visitor)
			return;
		const ask = channel.prechat.ask.filter((name) => !given.includes(name));
		this.model.set({
			channel: { ...channel, prechat: ask.length ? { ...channel.prechat, ask } : null },
			visitor: { ...visitor, known: [...new Set([...visitor.known, ...given])] },
		}, "session");
	}

	async rate(thread: string, score: number, comment?: string): Promise<void> {
		const scale = this.model.thread(thread)?.rating?.scale ?? this.state.channel?.rating?.scale ?? "5";
		await this.session.call("POST", `/threads/${thread}/rating`, { body: { score, comment } });
		this.model.changeThread(thread, { rating: null });
		this.model.handlers.emit("csat", { thread_id: thread, asked: false, scale, score, comment });
	}

	async transcript(thread: string | null = this.state.current): Promise<void> {
		if (thread)
			await this.session.call("POST", `/threads/${thread}/transcript`);
	}

	private complain<P extends Problem>(problem: P): P {
		this.model.handlers.emit("error", problem);
		return problem;
	}

	/* ---- what is heard ---- */

	private wanted(): boolean {
		const { phase, open, threads } = this.state;
		return phase === "ready" && !this.gone &&
			(open || threads.length > 0 || this.history.wanting || this.outbox.items.length > 0);
	}

	private hear(event: LiveEvent): void {
		const { type, data } = event;
		if (type === "message") {
			this.heardMessage(data);
		} else if (type === "reset") {
			this.model.logs.clear();
			void this.history.fetch();
		} else {
			if (type === "message.changed")
				this.history.located(data.message);
			this.model.apply(event);
			this.draw();
		}
	}

	private heardMessage({ thread, message }: Sent): void {
		const item = message.author.me && message.client_id ? this.outbox.get(message.client_id) : null;
		if (!item) {
			this.arrived("", thread, message);
			return;
		}
		/* The answer to its post was lost, or is slower. */
		this.outbox.settle(item.conversation, thread.id);
		this.outbox.drop(item.id);
		this.sent(item, { thread, message });
	}

	private hearTab(news: News): void {
		if (news.kind === "events")
			news.list.forEach((event) => this.hear(event));
		else if (news.kind === "sent")
			this.sent(news.item, news.answer);
		else if (news.kind === "read")
			this.signs.read(news.thread, news.message);
		else if (news.kind === "connection")
			this.link.state(news.state);
		else if (news.kind === "hello")
			this.link.hello();
		else if (news.kind === "outbox")
			this.outbox.heed(), this.draw();
		else if (news.kind === "ended")
			this.forget();
		else if (this.session.kept)
			this.joined(this.session.kept);
	}

	/* Another tab has a session: this one uses it as far as it needs one. */
	private joined(kept: Kept): void {
		this.meet(kept);
		if (this.state.phase === "refused" || this.state.open)
			void this.wake();
	}

	/* Connected, again. */
	private up(): void {
		this.outbox.flush();
		this.tray.wake();
		void this.history.again();
	}

	/* The network is back. */
	private awake(): void {
		this.nap.abort();
		this.link.kick();
		this.tray.wake();
		this.outbox.flush();
	}
}
