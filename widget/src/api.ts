/* api.ts - one request to the gateway, and what may become of it */
import type { Problem } from "./types";

const PREFIX = "urn:headgate:problem:";
const TIMEOUT_MS = 30_000;

/* A Problem that can be thrown. */
export class Trouble extends Error implements Problem {
	constructor(
		readonly word: string,
		readonly title: string,
		readonly detail = "",
		readonly status = 0,
		readonly retry_after: number | null = null,
		/* Other members of the problem: challenge and bits. */
		readonly more: Record<string, unknown> = {},
	) {
		super(detail || title);
	}
}

/* Plain, for storage and for other tabs. */
export function plain({ word, title, detail, status, retry_after }: Problem): Problem {
	return { word, title, detail, status, retry_after };
}

/* The same request may succeed later. */
export function passing({ status, word }: Problem): boolean {
	return status === 0 ? word === "offline" : status === 408 || status === 425 || status === 429 || status >= 500;
}

export function trouble(error: unknown): Trouble {
	/* By its looks: more.js has a class Trouble of its own. */
	return error instanceof Error && "word" in error ? error as Trouble : new Trouble("offline", "The server was not reached", String(error));
}

export async function problemOf(response: Response): Promise<Trouble> {
	const body: Record<string, unknown> = await response.json().catch(() => ({}));
	const text = (value: unknown): string => (typeof value === "string" ? value : "");
	const after = Number(response.headers.get("Retry-After") ?? NaN);
	return new Trouble(
		text(body.type).startsWith(PREFIX) ? text(body.type).slice(PREFIX.length) : "failed",
		text(body.title) || `The server answered ${response.status}`,
		text(body.detail),
		response.status,
		after >= 0 ? after : null,
		body,
	);
}

export interface Ask {
	token?: string | null;
	/* Becomes JSON unless it is a Blob. */
	body?: unknown;
	headers?: Record<string, string>;
	signal?: AbortSignal;
	/* May outlive the page. */
	keepalive?: boolean;
	/* 0: none, for streams. */
	timeout?: number;
}

export class Api {
	constructor(readonly base: string) {}

	/* Whatever the server answers; throws when it does not. */
	async fetch(method: string, path: string, ask: Ask = {}): Promise<Response> {
		const headers: Record<string, string> = { Accept: "application/json", ...ask.headers };
		let body = ask.body as BodyInit | undefined;
		if (ask.token)
			headers.Authorization = `Bearer ${ask.token}`;
		if (body !== undefined && !(ask.body instanceof Blob)) {
			headers["Content-Type"] = "application/json";
			body = JSON.stringify(ask.body);
		}
		return fetch(`${this.base}/client/v1${path}`, {
			method, headers, body,
			signal: ask.signal,
			keepalive: ask.keepalive,
			credentials: "omit",
			cache: "no-store",
			referrerPolicy: "no-referrer",
		});
	}

	/* The JSON of a good answer (undefined for 204); throws a Trouble for everything else. */
	async call<T>(method: string, path: string, ask: Ask = {}): Promise<T> {
		const stop = new AbortController();
		const timer = setTimeout(() => stop.abort(), ask.timeout ?? TIMEOUT_MS);
		const cancel = (): void => stop.abort();
		ask.signal?.addEventListener("abort", cancel);
		if (ask.signal?.aborted)
			cancel();
		try {
			const response = await this.fetch(method, path, { ...ask, signal: stop.signal });
			if (!response.ok)
				throw await problemOf(response);
			const text = await response.text();
			return text ? JSON.parse(text) : undefined;
		} catch (error) {
			throw trouble(error);
		} finally {
			clearTimeout(timer);
			ask.signal?.removeEventListener("abort", cancel);
		}
	}

	/* Links of files may be relative to the gateway. */
	absolute(url: string): string {
		return new URL(url, `${this.base}/`).href;
	}
}
