/* uploads.ts - a file on its way up, as the composer and the log show it; carry.ts moves it */
import { plain, trouble } from "./api";
import type { Ask } from "./api";
import { uuid7 } from "./ids";
import type * as More from "./more";
import type { ChannelInfo, Problem, Upload } from "./types";

/* On the way at the same time: the browser has six connections to a host, and one is the stream. */
const TOGETHER = 2;
const NAME_MAX = 120;
/* Pictures every browser shows. */
const SHOWN = /^image\/(png|jpeg|gif|webp)$/;

export interface UploadEnv {
	call<T>(method: string, path: string, ask?: Ask): Promise<T>;
	rules(): ChannelInfo["uploads"];
	/* Fetched when it is wanted, again and again until it is there. */
	more(): Promise<typeof More>;
	/* Something about it is different now. */
	changed(file: Outgoing): void;
}

export class Outgoing implements Upload {
	readonly key = uuid7();
	state: Upload["state"] = "preparing";
	sent = 0;
	preview: string | null;
	name: string;
	type: string;
	bytes: number;
	/* The server's. */
	id: string | null = null;
	private readonly stop = new AbortController();
	private pause = new AbortController();

	/* problem: it is refused, and does not set out. */
	constructor(public blob: Blob & { name?: string }, readonly env: UploadEnv, private readonly turns: Turns,
		    public problem: Problem | null = null) {
		const { name, type, size } = blob;
		/* Of a long name the end: it has the suffix.  What is pasted has none. */
		this.name = (name || "image." + (type.split("/")[1] || "bin")).slice(-NAME_MAX);
		this.type = type || "application/octet-stream";
		this.bytes = size;
		this.preview = SHOWN.test(type) ? URL.createObjectURL(blob) : null;
		if (problem)
			this.state = "failed";
		else
			void this.run();
	}

	get signal(): AbortSignal {
		return this.stop.signal;
	}

	/* Cancelled: nobody hears of it any more. */
	get gone(): boolean {
		return this.signal.aborted;
	}

	changed(): void {
		if (!this.gone)
			this.env.changed(this);
	}

	retry(): void {
		if (this.state === "failed" && !this.gone)
			void this.run();
	}

	/* For a rest, which ends when the network is back or nobody wants it any more. */
	nap(): AbortSignal {
		this.pause = new AbortController();
		return this.pause.signal;
	}

	wake(): void {
		this.pause.abort();
	}

	/* Away with it, here and there. */
	cancel(): void {
		this.stop.abort();
		this.wake();
		this.release();
		if (this.id)
			this.env.call("DELETE", `/uploads/${this.id}`).catch(() => undefined);
	}

	/* The thumbnail is wanted no more. */
	release(): void {
		if (this.preview)
			URL.revokeObjectURL(this.preview);
		this.preview = null;
	}

	private async run(): Promise<void> {
		this.problem = null;
		try {
			this.move("preparing");
			const { prepare, carry } = await this.env.more();
			await prepare(this);
			this.move("uploading");
			await this.turns.take(() => carry(this));
			this.move("done");
		} catch (error) {
			this.problem = plain(trouble(error));
			this.move("failed");
		}
	}

	private move(state: Upload["state"]): void {
		this.state = state;
		this.changed();
	}
}

/* So many at a time, first come, first served. */
export class Turns {
	private free = TOGETHER;
	private readonly waiting: (() => void)[] = [];

	async take<T>(work: () => Promise<T>): Promise<T> {
		if (!this.free)
			await new Promise<void>((go) => this.waiting.push(go));
		else
			this.free--;
		try {
			return await work();
		} finally {
			const next = this.waiting.shift();
			if (next)
				next();
			else
				this.free++;
		}
	}
}
