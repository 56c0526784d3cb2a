/* live.ts - the one live connection of a browser: events by a stream, or by asking again and again
 *
 * The stream is a fetch, because EventSource sends no Authorization.  Where no byte of it arrives within 20 seconds
 * (a proxy collects them), long polls do, and the stream gets another chance later. */
import { Api, problemOf, Trouble, trouble } from "./api";
import { EventParser } from "./sse";
import { backoff, sleep } from "./wait";

export interface LiveEvent {
	type: string;
	data: any;
	cursor: string | null;
}

export interface LiveEnv {
	api: Api;
	token(): Promise<string>;
	/* The server does not take this one any more; throws when there is no other. */
	renew(stale: string): Promise<unknown>;
	cursor(): string | null;
	/* In order; the cursor is to be kept with what they do. */
	events(list: LiveEvent[], cursor: string | null): void;
	state(now: "connecting" | "online" | "offline"): void;
}

export interface LiveTimes {
	/* No byte for so long: the line is dead, or a proxy collects. */
	silence: number;
	/* How long one question of a long poll may wait for its answer, as the server is asked, in seconds. */
	wait: number;
	/* After so long with long polls a stream is tried again. */
	again: number;
}

const TIMES: LiveTimes = { silence: 20_000, wait: 25, again: 600_000 };
/* An answer to a long poll may take that much longer than it was asked to. */
const SLACK_MS = 10_000;
/* No question follows another that said nothing sooner. */
const PAUSE_MS = 1000;

export class Live {
	private readonly stopped = new AbortController();
	/* Of the connection or the pause that is on. */
	private turn = new AbortController();
	private pollUntil = 0;
	private failures = 0;
	private heardAt = Date.now();
	private polled = false;
	private parser = new EventParser();

	constructor(private readonly env: LiveEnv, private readonly times: LiveTimes = TIMES) {
		void this.run();
	}

	stop(): void {
		this.stopped.abort();
		this.turn.abort();
	}

	/* Something has changed (the network is back, the page is seen again, another token): at once, anew. */
	kick(): void {
		this.failures = 0;
		this.turn.abort();
	}

	/* The page wakes up: its timers may have slept. */
	check(): void {
		if (Date.now() - this.heardAt > this.times.silence)
			this.kick();
	}

	private async run(): Promise<void> {
		this.env.state("connecting");
		while (!this.stopped.signal.aborted) {
			this.turn = new AbortController();
			const { signal } = this.turn;
			const again = await this.connect(signal);
			await sleep(again, signal);
		}
	}

	/* One connection; returns after how many milliseconds the next may be tried. */
	private async connect(signal: AbortSignal): Promise<number> {
		let token = "";
		try {
			token = await this.env.token();
			return await (Date.now() < this.pollUntil ? this.poll(token, signal) : this.stream(token, signal));
		} catch (error) {
			if (signal.aborted)
				return 0;
			return this.failed(trouble(error), token);
		}
	}

	private async failed(why: Trouble, token: string): Promise<number> {
		if (why.status === 401 && token && this.failures < 2) {
			this.failures++;
			const renewed = await this.env.renew(token).then(() => true, () => false);
			if (renewed)
				return 0;
		}
		this.env.state("offline");
		return Math.max(backoff(this.failures++), (why.retry_after ?? 0) * 1000);
	}

	private good(): void {
		this.failures = 0;
		this.heardAt = Date.now();
		this.env.state("online");
	}

	/* ---- the stream ---- */

	private async stream(token: string, signal: AbortSignal): Promise<number> {
		const line = new AbortController();
		const cut = (): void => line.abort();
		signal.addEventListener("abort", cut);
		const watch = new Watchdog(this.times.silence, cut);
		let heard = false;
		try {
			const cursor = this.env.cursor();
			const response = await this.env.api.fetch("GET", "/events", {
				token, signal: line.signal,
				headers: { Accept: "text/event-stream", ...(cursor ? { "Last-Event-ID": cursor } : {}) },
			});
			if (!response.ok)
				throw await problemOf(response);
			this.good();
			for await (const chunk of chunks(response)) {
				heard = true;
				this.heardAt = Date.now();
				watch.feed();
				this.hear(chunk);
			}
		} catch (error) {
			if (!watch.bitten || signal.aborted)
				throw error;
			if (!heard)
				this.pollUntil = Date.now() + this.times.again;
			return 0;
		} finally {
			watch.stop();
			signal.removeEventListener("abort", cut);
			this.parser = new EventParser();
		}
		/* The server has ended it: it goes away, or comes anew. */
		return heard ? backoff(0) : backoff(this.failures++);
	}

	private hear(chunk: string): void {
		const list = this.parser.push(chunk).map(({ type, data, id }) =>
			({ type, data: parsed(data), cursor: id || null }));
		if (list.length)
			this.env.events(list, list[list.length - 1].cursor);
	}

	/* ---- long polls ---- */

	private async poll(token: string, signal: AbortSignal): Promise<number> {
		const cursor = this.env.cursor();
		const asked = Date.now();
		/* The first one asks for what is there, so that it shows at once that the server is. */
		const wait = this.failures || !this.polled ? 0 : this.times.wait;
		const query = new URLSearchParams({ wait: String(wait), ...(cursor ? { cursor } : {}) });
		const answer = await this.env.api.call<{ events: LiveEvent[]; cursor: string }>(
			"GET", `/events?${query}`, { token, signal, timeout: wait * 1000 + SLACK_MS });
		const quick = this.polled && !answer.events.length && Date.now() - asked < PAUSE_MS;
		this.polled = true;
		this.good();
		if (answer.events.length || answer.cursor !== cursor)
			this.env.events(answer.events, answer.cursor);
		return quick ? PAUSE_MS : 0;
	}
}

/* What cannot be read says nothing, and the next event still does. */
function parsed(data: string): unknown {
	try {
		return JSON.parse(data);
	} catch {
		return null;
	}
}

/* Bites once when it was not fed for so long. */
class Watchdog {
	bitten = false;
	private timer: ReturnType<typeof setTimeout>;

	constructor(private readonly ms: number, private readonly bite: () => void) {
		this.timer = this.start();
	}

	feed(): void {
		clearTimeout(this.timer);
		this.timer = this.start();
	}

	stop(): void {
		clearTimeout(this.timer);
	}

	private start(): ReturnType<typeof setTimeout> {
		return setTimeout(() => {
			this.bitten = true;
			this.bite();
		}, this.ms);
	}
}

async function* chunks(response: Response): AsyncGenerator<string> {
	const reader = response.body!.getReader();
	const decoder = new TextDecoder();
	try {
		for (;;) {
			const { done, value } = await reader.read();
			if (done)
				return;
			yield decoder.decode(value, { stream: true });
		}
	} finally {
		reader.cancel().catch(() => undefined);
	}
}
