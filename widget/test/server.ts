/* server.ts - a gateway in the way of doc/client-api.md, small, and as bad as a test wants it */
import { createHash } from "node:crypto";
import { createServer, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface Said {
	at: number;
	thread: string;
	message: any;
}

export interface Seen {
	method: string;
	path: string;
	headers: Record<string, any>;
	body: any;
}

type Answer = { status: number; body?: any; headers?: Record<string, string> };

export class FakeServer {
	readonly seen: Seen[] = [];
	/* visitor -> his messages, by thread */
	readonly said: Said[] = [];
	readonly uploads = new Map<string, { bytes: number; got: Buffer; name: string; type: string; done: boolean }>();
	readonly ended = new Set<string>();
	/* In their order; the cursor is the place. */
	readonly events: { visitor: string; type: string; data: any }[] = [];
	/* Answer to the next requests of this method and path instead: shift by shift. */
	readonly instead: { match: RegExp; answer: Answer | "cut" | "lose" }[] = [];
	streams: { visitor: string; res: ServerResponse }[] = [];
	streamsEver = 0;
	/* Bytes of streams lie in a proxy. */
	mute = false;
	channel: any = {
		name: "web", title: "Acme", greeting: "Hello", locale: "en",
		theme: { accent: "#123456", on_accent: "#ffffff", mode: "auto", position: "end" },
		prechat: { ask: ["name", "email"], require: false }, hours: null, reply_time: null,
		uploads: { max_bytes: 1 << 20, max_files: 3, types: ["image/*", "application/pdf"] },
		rating: { scale: "5" }, transcript: true, text_max: 2000,
	};
	/* user id -> what vouches for it */
	readonly vouched = new Map<string, string>([["ana", "good"], ["bob", "good"]]);
	proof: { challenge: string; bits: number } | null = null;
	required = false;
	private n = 0;
	private clock = Date.parse("2026-11-20T10:00:00Z");
	private readonly http = createServer((req, res) => void this.take(req, res));
	/* token -> visitor */
	private readonly tokens = new Map<string, { visitor: string; who: string | null; expired: boolean }>();
	port = 0;

	async start(): Promise<this> {
		await new Promise<void>((done) => this.http.listen(this.port, "127.0.0.1", done));
		this.port = (this.http.address() as AddressInfo).port;
		return this;
	}

	/* As after kill -9: what is stored stays. */
	async stop(): Promise<void> {
		this.streams = [];
		await new Promise<void>((done) => {
			this.http.close(() => done());
			this.http.closeAllConnections();
		});
	}

	get base(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	calls(method: string, path: RegExp): Seen[] {
		return this.seen.filter((one) => one.method === method && path.test(one.path));
	}

	/* ---- what agents do ---- */

	answer(thread: string, text: string, more: any = {}): any {
		const visitor = this.visitorOf(thread);
		const message = this.message(thread, { text, author: { kind: "agent", name: "Kim", me: false }, ...more });
		this.said.push({ at: this.clock, thread, message });
		this.tell(visitor, "message", { thread: this.thread(thread), message });
		return message;
	}

	tell(visitor: string, type: string, data: any): void {
		this.events.push({ visitor, type, data });
		this.streams.filter((one) => one.visitor === visitor).forEach(({ res }) => this.event(res, this.events.length - 1));
	}

	expire(): void {
		this.tokens.forEach((token) => { token.expired = true; });
	}

	visitorOf(thread: string): string {
		return thread.split("_")[1];
	}

	thread(id: string): any {
		const messages = this.said.filter((one) => one.thread === id).map(({ message }) => message);
		const last = messages[messages.length - 1];
		const read = this.reads.get(id) ?? "";
		return {
			id, state: "open", opened_at: messages[0].at, last_at: last.at, last, ticket: null, rating: null,
			read_up_to: read || null,
			unread: messages.filter(({ author, at }) => !author.me && at > (this.readAt.get(id) ?? "")).length,
		};
	}

	readonly reads = new Map<string, string>();
	private readonly readAt = new Map<string, string>();

	/* ---- the wire ---- */

	private async take(req: IncomingMessage, res: ServerResponse): Promise<void> {
		const pieces: Buffer[] = [];
		for await (const piece of req)
			pieces.push(piece);
		const raw = Buffer.concat(pieces);
		const json = req.headers["content-type"] === "application/json";
		const seen = { method: req.method!, path: req.url!.replace("/client/v1", ""), headers: req.headers,
			body: json ? JSON.parse(raw.toString()) : raw };
		this.seen.push(seen);
		const wish = this.instead.findIndex(({ match }) => match.test(`${seen.method} ${seen.path}`));
		const instead = wish < 0 ? null : this.instead.splice(wish, 1)[0].answer;
		if (instead === "cut") {
			res.destroy();
			return;
		}
		const answer = instead && instead !== "lose" ? instead : this.handle(seen, res);
		if (instead === "lose")
			res.destroy();
		else if (answer)
			this.send(res, answer);
	}

	private send(res: ServerResponse, { status, body, headers }: Answer): void {
		res.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json", ...headers });
		res.end(body === undefined ? undefined : JSON.stringify(body));
	}

	private handle(seen: Seen, res: ServerResponse): Answer | null {
		if (seen.method === "POST" && seen.path === "/session")
			return this.session(seen.body);
		const token = String(seen.headers.authorization ?? "").replace("Bearer ", "");
		const who = this.tokens.get(token);
		if (!who || who.expired || this.ended.has(token))
			return problem(401, "token-expired");
		const [path, query] = seen.path.split("?");
		const [, thing, id, part] = path.split("/");
		if (seen.method === "DELETE" && thing === "session") {
			this.ended.add(token);
			return { status: 204 };
		}
		if (thing === "events")
			return this.listen(who.visitor, seen, new URLSearchParams(query), res);
		if (thing === "uploads")
			return this.upload(seen, id);
		if (thing === "threads" && id && !this.said.some((one) => one.thread === id && this.visitorOf(id) === who.visitor))
			return problem(404, "not-found");
		if (thing === "threads" && seen.method === "POST" && (!id || part === "messages"))
			return this.say(who.visitor, id || null, seen.body);
		if (thing === "threads" && !id)
			return { status: 200, body: { threads: this.threads(who.visitor) } };
		if (part === "messages")
			return this.page(id, new URLSearchParams(query));
		if (part === "read")
			this.mark(id, seen.body.message);
		return { status: part === "transcript" ? 202 : 204 };
	}

	private mark(thread: string, id: string): void {
		this.reads.set(thread, id);
		this.readAt.set(thread, this.said.find(({ message }) => message.id === id)?.message.at ?? "");
	}

	private threads(visitor: string): any[] {
		const ids = new Set(this.said.map(({ thread }) => thread));
		return [...ids].filter((id) => this.visitorOf(id) === visitor).map((id) => this.thread(id))
			.sort((a, b) => (a.last_at < b.last_at ? 1 : -1));
	}

	private session({ token, identity, proof }: any): Answer {
		const old = this.tokens.get(token);
		if (token && (!old || this.ended.has(token)))
			return problem(401, "session-ended");
		if (this.proof && !this.proven(proof))
			return problem(403, "proof-required", this.proof);
		const who = identity ? String(identity.user_id) : old?.who ?? null;
		if (identity && this.vouched.get(who!) !== identity.hmac)
			return problem(401, "identity-refused");
		if (this.required && !who)
			return problem(403, "identity-required");
		const visitor = who ? `u${who}` : old?.visitor ?? `v${++this.n}`;
		if (old && old.visitor !== visitor && !old.who)
			this.adopt(old.visitor, visitor);
		const fresh = `tok_${++this.n}`;
		this.tokens.set(fresh, { visitor, who, expired: false });
		const unread = this.threads(visitor).reduce((sum, thread) => sum + thread.unread, 0);
		return { status: 200, body: {
			token: fresh, expires_at: "2026-11-20T11:00:00.000Z", channel: this.channel, unread, cursor: `c${this.events.length}`,
			visitor: { id: visitor, kind: who ? "identified" : "anonymous", name: who, email: null, known: [] },
		} };
	}

	private adopt(from: string, to: string): void {
		for (const one of this.said) {
			one.thread = one.thread.replace(`_${from}_`, `_${to}_`);
			one.message.thread_id = one.thread;
		}
	}

	private proven(proof: any): boolean {
		if (proof?.challenge !== this.proof!.challenge)
			return false;
		const hash = createHash("sha256").update(`${proof.challenge}.${proof.nonce}`).digest();
		return hash.readUInt32BE() >>> (32 - this.proof!.bits) === 0;
	}

	private message(thread: string, more: any): any {
		this.clock += 1000;
		return {
			id: `msg_${++this.n}`, client_id: null, thread_id: thread, kind: "text", text: "", files: [],
			author: { kind: "visitor", name: null, me: true }, at: new Date(this.clock).toISOString(), edited_at: null,
			deleted: false, state: null, channel: "widget", reply_to: null, choices: [], reactions: {}, ...more,
		};
	}

	private say(visitor: string, thread: string | null, body: any): Answer {
		const again = this.said.find(({ message }) => message.client_id === body.id);
		if (again)
			return { status: 200, body: { thread: this.thread(again.thread), message: again.message } };
		if (body.files?.some((id: string) => !this.uploads.get(id)?.done))
			return problem(422, "invalid");
		const into = thread ?? `thr_${visitor}_${++this.n}`;
		const files = (body.files ?? []).map((id: string) => ({ id, name: this.uploads.get(id)!.name, url: `/client/v1/files/${id}?e=1&s=x` }));
		const message = this.message(into, { client_id: body.id, text: body.text ?? "", files, state: "sent" });
		this.said.push({ at: this.clock, thread: into, message });
		this.tell(visitor, "message", { thread: this.thread(into), message });
		return { status: 201, body: { thread: this.thread(into), message } };
	}

	private page(thread: string, query: URLSearchParams): Answer {
		let all = this.said.filter((one) => one.thread === thread).map(({ message }) => message);
		const before = all.findIndex(({ id }) => id === query.get("before"));
		if (before >= 0)
			all = all.slice(0, before);
		const limit = Number(query.get("limit"));
		return { status: 200, body: { messages: all.slice(-limit), more: all.length > limit } };
	}

	/* ---- files ---- */

	private upload(seen: Seen, id: string): Answer {
		if (seen.method === "POST") {
			const made = `upl_${++this.n}`;
			this.uploads.set(made, { ...seen.body, got: Buffer.alloc(0), done: false });
			return { status: 201, body: { id: made, offset: 0, bytes: seen.body.bytes } };
		}
		const up = this.uploads.get(id);
		if (!up)
			return problem(404, "not-found");
		if (seen.method === "DELETE") {
			this.uploads.delete(id);
			return { status: 204 };
		}
		if (seen.method === "PUT") {
			const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(seen.headers["content-range"])!.map(Number);
			if (from !== up.got.length || total !== up.bytes || to - from + 1 !== seen.body.length)
				return problem(409, "offset");
			up.got = Buffer.concat([up.got, seen.body]);
			up.done = up.got.length === up.bytes;
		}
		return { status: 200, body: { id, offset: up.got.length, bytes: up.bytes, done: up.done } };
	}

	/* ---- live ---- */

	private listen(visitor: string, seen: Seen, query: URLSearchParams, res: ServerResponse): Answer | null {
		const cursor = seen.headers["last-event-id"] ?? query.get("cursor") ?? `c${this.events.length}`;
		const from = Number(cursor.slice(1));
		if (seen.headers.accept !== "text/event-stream") {
			const list = this.events.map((event, n) => ({ ...event, cursor: `c${n + 1}` }))
				.slice(from).filter((event) => event.visitor === visitor);
			return { status: 200, body: { events: list, cursor: `c${this.events.length}` } };
		}
		this.streamsEver++;
		res.writeHead(200, { "Content-Type": "text/event-stream" });
		res.flushHeaders();
		if (!this.mute)
			res.write(": hello\n\n");
		this.events.forEach((event, n) => n >= from && event.visitor === visitor && this.event(res, n));
		const stream = { visitor, res };
		this.streams.push(stream);
		res.on("close", () => { this.streams = this.streams.filter((one) => one !== stream); });
		return null;
	}

	private event(res: ServerResponse, n: number): void {
		const { type, data } = this.events[n];
		if (!this.mute)
			res.write(`id: c${n + 1}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
	}
}

function problem(status: number, word: string, more = {}): Answer {
	return { status, body: { type: `urn:headgate:problem:${word}`, title: word, status, ...more } };
}
