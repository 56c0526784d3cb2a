/* session.ts - who the visitor is to the server: the token, kept over pages and shared by tabs
 *
 * A token is good for an hour.  Nobody watches its end, for clocks of browsers are wrong: what is answered 401 is
 * asked again with a new one, which the old one buys for as long as the server remembers the visitor. */
import { Api, Ask, Trouble } from "./api";
import type { Keep } from "./keep";
import type { ChannelInfo, Identity, Visitor } from "./types";

export interface Kept {
	token: string;
	visitor: Visitor;
	channel: ChannelInfo;
	unread: number;
	cursor: string;
	/* Whose: the user id that identity named; null while anonymous. */
	who: string | null;
	/* When it was asked for, by this browser's clock: what it says of hours ages. */
	at: number;
}

type Answer = Omit<Kept, "who" | "at">;

export interface SessionEnv {
	api: Api;
	/* Shared by the tabs. */
	keep: Keep;
	channel: string;
	locale(): string;
	/* Runs work in one tab at a time. */
	alone<T>(work: () => Promise<T>): Promise<T>;
	/* There is another token now; fresh: and another visitor, or more known of him. */
	changed(kept: Kept): void;
	/* The visitor is no more: what is kept of him has to go. */
	ended(): void;
	/* The nonce of a proof of work; null when it is too much. */
	solve(challenge: string, bits: number): Promise<string | null>;
	/* The identity given at the start was refused; the visitor stays anonymous. */
	refused(trouble: Trouble): void;
}

const KEY = "session";
/* What this browser calls itself: an identity whose answer was lost can be shown once more by it, and by nobody else. */
const BROWSER = "browser";
/* Once with the proof, once without an ended token, once without a refused identity. */
const TRIES = 4;

/* The user id in an identity.  Of a JWT it is read to see whether anything is new, and proves
 * nothing; the server looks at the signature. */
export function whoOf(identity: Identity): string | null {
	if ("user_id" in identity)
		return String(identity.user_id);
	try {
		const payload = identity.jwt.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
		const claims = JSON.parse(atob(payload));
		const user = claims.user_id ?? claims.sub;
		return user === undefined ? null : String(user);
	} catch {
		return null;
	}
}

export class Session {
	private busy: Promise<Kept> | null = null;
	private identity: Identity | null = null;

	constructor(private readonly env: SessionEnv) {}

	get kept(): Kept | null {
		return this.env.keep.get<Kept>(KEY);
	}

	/* Said at the start: used when a session is asked for, unless it is known already. */
	expect(identity: Identity): void {
		this.identity = identity;
	}

	/* True when the session is not yet of who was expected. */
	get unsettled(): boolean {
		return this.identity !== null && !this.knows(this.identity);
	}

	async get(): Promise<Kept> {
		return (!this.unsettled && this.kept) || this.renew(null);
	}

	/* Another token than this one: from the server, or from a tab that was quicker. */
	renew(stale: string | null): Promise<Kept> {
		this.busy ??= this.env.alone(() => this.enter(stale)).finally(() => { this.busy = null; });
		return this.busy;
	}

	/* What the channel says of itself, anew. */
	refresh(): Promise<Kept> {
		return this.renew(this.kept?.token ?? null);
	}

	/* With the identity, or a Trouble and everything as it was. */
	async identify(identity: Identity): Promise<void> {
		if (this.busy)
			await this.busy.catch(() => undefined);
		if (this.knows(identity))
			return;
		await this.env.alone(() => this.enter(null, identity, true));
	}

	/* The server refuses the token from now on; whether it hears of it or not, it is forgotten here. */
	async logout(): Promise<void> {
		const token = this.kept?.token;
		this.forget();
		if (token)
			await this.env.api.call("DELETE", "/session", { token, keepalive: true });
	}

	forget(): void {
		this.identity = null;
		this.env.keep.set(KEY, null);
		this.env.ended();
	}

	/* A request with the token; asks for another one, or proves work, when the server wants that. */
	async call<T>(method: string, path: string, ask: Ask = {}): Promise<T> {
		for (let tries = 0; ; tries++) {
			const { token } = await this.get();
			try {
				return await this.env.api.call<T>(method, path, { ...ask, token });
			} catch (error) {
				if (tries || !(error instanceof Trouble))
					throw error;
				if (error.word === "proof-required")
					await this.prove(token, error);
				else if (error.status === 401)
					await this.renew(token);
				else
					throw error;
			}
		}
	}

	private async prove(token: string, why: Trouble): Promise<void> {
		const proof = this.proofFor(why);
		await this.env.alone(() => this.post(token, null, proof));
	}

	private async proofFor({ more }: Trouble): Promise<Proof> {
		const challenge = String(more.challenge);
		const nonce = await this.env.solve(challenge, Number(more.bits));
		if (nonce === null)
			throw new Trouble("proof-failed", "The server asks for more than a browser can do");
		return { challenge, nonce };
	}

	private knows(identity: Identity): boolean {
		const who = whoOf(identity);
		return who !== null && this.kept?.who === who;
	}

	private async enter(stale: string | null, identity = this.identity, strict = false): Promise<Kept> {
		const there = this.kept;
		const news = identity && !this.knows(identity) ? identity : null;
		if (there && there.token !== stale && !news)
			return there;	/* another tab was quicker */
		if (news && there?.visitor.kind === "identified") {
			this.env.keep.set(KEY, null);	/* another person's: nothing of it is handed on */
			this.env.ended();
		}
		return this.post(this.kept?.token ?? null, news, null, strict);
	}

	private async post(token: string | null, identity: Identity | null, proof: Promise<Proof> | null,
			   strict = false): Promise<Kept> {
		const { api, channel } = this.env;
		for (let tries = 0; ; tries++) {
			try {
				const body = {
					channel, website: "",
					browser: this.browser,
					locale: this.env.locale(),
					token: token ?? undefined,
					identity: identity ?? undefined,
					proof: (await proof) ?? undefined,
				};
				const answer = await api.call<Answer>("POST", "/session", { body });
				return this.take(answer, identity);
			} catch (error) {
				if (!(error instanceof Trouble) || tries === TRIES)
					throw error;
				if (error.word === "proof-required" && !proof) {
					proof = this.proofFor(error);
				} else if (error.status === 401 && error.word !== "identity-refused" && token) {
					token = null;
					this.env.keep.set(KEY, null);
					this.env.ended();
				} else if (error.word === "identity-refused" && identity && !strict) {
					identity = this.identity = null;
					this.env.refused(error);
				} else {
					throw error;
				}
			}
		}
	}

	private get browser(): string {
		const { keep } = this.env;
		const name = keep.get<string>(BROWSER) ??
			[...crypto.getRandomValues(new Uint8Array(11))].map((n) => n.toString(16).padStart(2, "0")).join("");
		keep.set(BROWSER, name);
		return name;
	}

	private take(answer: Answer, identity: Identity | null): Kept {
		const same = this.kept?.visitor.id === answer.visitor.id;
		const who = identity ? whoOf(identity) : same ? this.kept!.who : null;
		const { token, visitor, channel, unread, cursor } = answer;
		if (identity)
			this.identity = null;
		const kept = { token, visitor, channel, unread, cursor, who, at: Date.now() };
		this.env.keep.set(KEY, kept);
		this.env.changed(kept);
		return kept;
	}
}

interface Proof {
	challenge: string;
	nonce: string;
}
