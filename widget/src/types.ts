/*
 * What passes between server, core and view.
 *
 * core.ts talks to the server and to the other tabs and keeps the state; it makes no elements.  The view draws
 * the state and calls verbs.  The state is the core's: the view reads it and never writes it.
 */

/* ---- what the server says (doc/client-api.md); times are RFC 3339, UTC ---- */

export type AuthorKind = "visitor" | "agent" | "bot" | "system";
export type MessageState = "sent" | "delivered" | "read" | "failed";
export type RatingScale = "5" | "thumbs";

export interface FileInfo {
	id: string;
	name: string;
	type: string;
	bytes: number;
	state: "stored" | "pending" | "failed";
	kind: "image" | "audio" | "video" | "file";
	/* Absolute, signed, ends: for a click ask chat.fileUrl(). null while it is not there. */
	url: string | null;
	/* True when the server shows it in a page (a harmless image); everything else is only downloaded. */
	inline: boolean;
}

export interface Choice {
	id: string;
	title: string;
}

export interface Message {
	id: string;
	client_id: string | null;
	thread_id: string;
	author: { kind: AuthorKind; name: string | null; me: boolean };
	kind: string;
	text: string;
	files: FileInfo[];
	at: string;
	edited_at: string | null;
	deleted: boolean;
	/* Of the visitor's own messages, how far they got; null where nothing is said of it. */
	state: MessageState | null;
	/* Where it was said: "widget", "email", "whatsapp", ... */
	channel: string;
	reply_to: string | null;
	choices: Choice[];
	reactions: Record<string, unknown>;
}

export interface Thread {
	id: string;
	state: "open" | "closed";
	opened_at: string;
	last_at: string;
	unread: number;
	/* The newest message the visitor has read. */
	read_up_to: string | null;
	ticket: { number: string; state: string } | null;
	last: Message | null;
	/* Set while a rating is asked for. */
	rating: { scale: RatingScale } | null;
}

export interface Visitor {
	id: string;
	kind: "anonymous" | "identified";
	name: string | null;
	email: string | null;
	known: string[];
}

export interface Theme {
	accent: string;
	on_accent: string;
	mode: "auto" | "light" | "dark";
	position: "end" | "start";
	logo?: string;
}

export interface ChannelInfo {
	name: string;
	title: string;
	greeting: string | null;
	locale: string;
	theme: Theme;
	/* What the form before the first message asks for: only what is unknown; null when there is nothing to ask. */
	prechat: { ask: ("name" | "email" | "phone")[]; require: boolean } | null;
	hours: { open: boolean; next_change: string | null } | null;
	reply_time: { seconds: number } | null;
	uploads: { max_bytes: number; max_files: number; types: string[] } | null;
	rating: { scale: RatingScale } | null;
	transcript: boolean;
	/* The longest text, in characters (code points). */
	text_max: number;
}

/* A problem of the server's (the WORD of urn:headgate:problem:WORD), or one of ours:
 * "offline" (no answer; it is tried again), "upload-lost" (the page went away while a file was on its way),
 * "file-too-large", "file-type", "too-many-files", "file-empty", "text-too-long", "outbox-full", "proof-failed". */
export interface Problem {
	word: string;
	title: string;
	detail: string;
	/* HTTP's; 0 when it is ours. */
	status: number;
	/* When to come again, in seconds from the answer; null when nothing is said. */
	retry_after: number | null;
}

/* ---- what the core keeps ---- */

/* A file on its way up.  In state.attachments while it lies with the composer, in Entry.uploads once sent. */
export interface Upload {
	key: string;
	name: string;
	type: string;
	/* After scaling; sent counts up to it. */
	bytes: number;
	sent: number;
	state: "preparing" | "uploading" | "done" | "failed";
	problem: Problem | null;
	/* blob: URL of an image, for a thumbnail; the core revokes it. */
	preview: string | null;
}

/* One line of the log.  key stays the same from the moment it is written, through sending, to what the server
 * keeps of it: key the elements by it. */
export interface Entry {
	key: string;
	/* While it is on its way, id is the client's own and state null. */
	message: Message;
	/* null: the server has it.  "waiting": offline, behind others, or behind its files. */
	outgoing: "waiting" | "sending" | "failed" | null;
	problem: Problem | null;
	uploads: Upload[];
}

export interface Typing {
	thread_id: string;
	name: string | null;
}

export interface ChatState {
	/* asleep: nothing was asked of the server yet, or the visitor has logged out.  refused: see problem
	 * (identity-required: hide the launcher, until identify()).  ended: logged out elsewhere while the panel is
	 * open; open() begins anew. */
	phase: "asleep" | "starting" | "ready" | "refused" | "ended";
	problem: Problem | null;
	/* idle: no live connection is wanted. */
	connection: "idle" | "connecting" | "online" | "offline";
	visitor: Visitor | null;
	/* From the last session, kept over page loads: may be there while asleep (for the launcher's colour). */
	channel: ChannelInfo | null;
	/* Newest activity first, at most 50. */
	threads: Thread[];
	/* The thread on show; null: a new conversation, made by the first send(). */
	current: string | null;
	/* Of the thread on show, oldest first, those on their way behind. */
	entries: Entry[];
	/* There are older messages than entries[0]: loadOlder(). */
	older: boolean;
	/* The first page of the thread on show, or an older one, is being fetched. */
	loading: boolean;
	/* What somebody else writes in the thread on show; gone by itself 6 s after the last sign. */
	typing: Typing | null;
	/* Over all threads. */
	unread: number;
	/* With the composer, not sent. */
	attachments: Upload[];
	/* What prefill() put there, and what was written and not sent in this tab. */
	draft: string;
	/* The panel is open, the launcher is shown. */
	open: boolean;
	shown: boolean;
	/* Asked for by setLocale(), data-locale, or <html lang>; the view picks the nearest it has. */
	locale: string;
	/* The channel's theme under what setTheme() said. */
	theme: Theme;
	/* On the hosted page or in an app: the panel fills the window, there is no launcher. */
	embed: boolean;
}

/* What a watcher hears: which parts have changed since it was called last (all at once, in one microtask). */
export type Part =
	| "session" /* phase, problem, visitor, channel */
	| "connection"
	| "threads"
	| "entries" /* entries, older, loading, current */
	| "typing"
	| "unread"
	| "attachments"
	| "draft"
	| "open" /* open, shown */
	| "look"; /* locale, theme */

export type Watcher = (parts: ReadonlySet<Part>) => void;

/* ---- events for the host page: headgate.on(name, handler) ---- */

export interface Events {
	ready: { visitor: Visitor };
	open: Record<string, never>;
	close: Record<string, never>;
	/* Each message once in each tab, the visitor's own when the server has it. */
	message: { thread: Thread; message: Message };
	unread: { count: number };
	typing: { thread_id: string; name: string | null; on: boolean };
	ticket: { thread_id: string; number: string; state: string };
	/* asked: a rating is wanted; else the visitor has given it. */
	csat: { thread_id: string; asked: boolean; scale: RatingScale; score?: number; comment?: string };
	error: Problem;
}

export type EventName = keyof Events;
export type Handler<N extends EventName> = (data: Events[N]) => void;

/* ---- verbs ---- */

/* What the site's server vouches for: a JWT, or an HMAC of the user id. */
export type Identity = { jwt: string } | { user_id: string; hmac: string; email?: string; name?: string };

/* What the visitor says of himself. */
export interface Profile {
	name?: string;
	email?: string;
	phone?: string;
}

export interface Settings {
	channel: string;
	/* Where the gateway is, without a slash at its end; default: where the script came from. */
	base?: string;
	locale?: string;
	identity?: Identity;
	theme?: Partial<Theme>;
	context?: Record<string, string>;
	/* "session": the token is forgotten with the tab (shared computers). */
	remember?: "browser" | "session";
	/* Shown at once. */
	open?: boolean;
	/* false: no launcher until show(). */
	launcher?: boolean;
	embed?: boolean;
}

/* What the view sees of the core: class Chat in core.ts. */
export interface ChatCore {
	readonly state: Readonly<ChatState>;
	/* Calls back after each change; returns what stops it. */
	watch(watcher: Watcher): () => void;

	open(): void;
	close(): void;
	toggle(): void;
	show(): void;
	hide(): void;

	/* Shows a thread and fetches its newest messages; null begins a new conversation. */
	openThread(id: string | null): Promise<void>;
	/* Fetches the page before entries[0]. */
	loadOlder(): Promise<void>;
	/* Puts text and the composer's attachments on their way, and empties draft and tray.  Never throws for
	 * lack of a network: the entry waits.  False when nothing was taken: there is nothing to send, the text is too
	 * long, or too much waits (the last two: error "text-too-long", "outbox-full").  website: the honeypot
	 * field's value. */
	send(text: string, more?: { website?: string }): boolean;
	/* A button of a message. */
	choose(message: Message, choice: Choice): void;
	/* Of an entry that failed: again, or away with it. */
	retry(key: string): void;
	discard(key: string): void;

	/* Each file becomes one of state.attachments, refused ones in state "failed" with their problem. */
	attach(files: Iterable<Blob & { name?: string }>): void;
	/* Cancels and removes. */
	detach(key: string): void;
	retryUpload(key: string): void;
	/* A link good for now. */
	fileUrl(message: Message, file: FileInfo, download?: boolean): Promise<string>;

	/* The composer's text has changed: kept as the draft, and told as typing (at most every 3 s). */
	compose(text: string): void;
	/* The thread on show was seen to its end, by a visible page: call it as often as you like. */
	seen(): void;
	/* From the form before the first message; goes with the next message. */
	setProfile(profile: Profile): void;

	/* These throw a Problem. */
	rate(thread: string, score: number, comment?: string): Promise<void>;
	transcript(thread?: string): Promise<void>;
	identify(identity: Identity): Promise<void>;
	logout(): Promise<void>;

	setLocale(locale: string): void;
	setTheme(theme: Partial<Theme>): void;
	setContext(context: Record<string, string>): void;
	/* Opens the panel on a new conversation, with text in the composer when given. */
	startConversation(text?: string): void;
	prefill(text: string): void;
	/* For the host page. */
	on<N extends EventName>(name: N, handler: Handler<N>): () => void;
	destroy(): void;
}

/* ---- loader, app and view ----
 *
 * v1.ts (the loader, small) defines <headgate-chat>, attaches its open shadow root, has launcher.ts draw the
 * button there, and imports app.ts when it is wanted.  app.ts makes the Chat, calls mount() of view.ts, and starts.
 *
 *	launcher.ts (view)  export function drawLauncher(root: ShadowRoot, look: LauncherLook): HTMLButtonElement
 *	                    - small, for it is in the loader: a <button> and its constructable style sheet.
 *	                      The loader handles its click until mount() has returned.
 *	view.ts (view)      export function mount(chat: ChatCore, root: ShadowRoot, button: HTMLButtonElement): () => void
 *	                    - takes the button over (its click, badge, colours) and draws state.open;
 *	                      what it returns takes everything out again.
 */
export interface LauncherLook {
	accent: string;
	on_accent: string;
	position: "end" | "start";
	/* The button's name for who cannot see it, until the view knows the language. */
	label: string;
	/* Where the widget's files are, with a slash at its end: for browsers that want a <link>. */
	base?: string;
}
