/* api.ts - calls of /v1 and of the console's own session, by the cookie the login left */

/* What is wrong with a configuration, and where. */
export interface Finding {
	severity: string;
	file: string;
	line: number;
	column: number;
	text: string;
	hint?: string | null;
}

/* An error as the API tells it (RFC 9457), or as the network does. */
export class Problem extends Error {
	constructor(readonly status: number, readonly word: string, detail: string, readonly findings: Finding[] = []) {
		super(detail);
	}
}

export interface How {
	key?: string;			/* Idempotency-Key */
	signal?: AbortSignal;
	raw?: Blob;			/* a body that is no JSON */
}

/* Set by the shell: what happens when the session is over. */
let signedOut: () => void = () => undefined;

export function onSignedOut(then: () => void): void {
	signedOut = then;
}

/* A header that no other site's page can send without being asked first (Fetch standard, 3.2.2): see console.h. */
export const OWN_HEADER = { "X-Headgate-Console": "1" };

interface Said {
	type?: string;
	status?: number;
	detail?: string;
	title?: string;
	findings?: Finding[];
}

function problem(status: number, said: Said): Problem {
	return new Problem(status, (said.type ?? "").replace(/^urn:headgate:problem:/, ""),
			   said.detail || said.title || `the daemon answered ${status}`, said.findings);
}

async function problemOf(answer: Response): Promise<Problem> {
	let said: Said = {};

	try {
		said = await answer.json();
	} catch {
		/* no JSON: the status has to do */
	}
	return problem(answer.status, said);
}

export async function send(method: string, path: string, body?: unknown, how: How = {}): Promise<Response> {
	const headers: Record<string, string> = { ...OWN_HEADER };
	let answer;

	if (body !== undefined)
		headers["Content-Type"] = "application/json";
	if (how.key)
		headers["Idempotency-Key"] = `"${how.key}"`;
	try {
		answer = await fetch(path, { method, headers, credentials: "same-origin", cache: "no-store", redirect: "error",
			body: how.raw ?? (body === undefined ? null : JSON.stringify(body)), signal: how.signal ?? null });
	} catch (error) {
		if ((error as Error).name === "AbortError")
			throw error;
		throw new Problem(0, "unreachable", "the daemon does not answer; it may be restarting");
	}
	if (answer.ok)
		return answer;
	const problem = await problemOf(answer);
	if (problem.status === 401)
		signedOut();
	throw problem;
}

export async function call<T>(method: string, path: string, body?: unknown, how?: How): Promise<T> {
	const answer = await send(method, path, body, how);
	const text = await answer.text();

	return (text ? JSON.parse(text) : {}) as T;
}

export interface Progress {
	stage: string;
	done: number;
	of: number;
}

/* What takes long: lines of progress, and a last one with the result or what went wrong. */
export async function long<T>(path: string, body: unknown, tell: (progress: Progress) => void, signal?: AbortSignal): Promise<T> {
	const answer = await send("POST", path, body, { signal });
	const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
	let left = "";

	for (;;) {
		const { done, value } = await reader.read();
		const lines = (left + (value ?? "")).split("\n");

		left = lines.pop()!;
		for (const line of lines.filter(Boolean)) {
			const said = JSON.parse(line) as { progress?: Progress; result?: T; error?: Said };
			if (said.error)
				throw problem(said.error.status ?? 500, said.error);
			if (said.result)
				return said.result;
			if (said.progress)
				tell(said.progress);
		}
		if (done)
			throw new Problem(0, "unreachable", "it ended before it was done");
	}
}

/* at("/v1/threads", { state: "open", q: "" }): what is empty is left out. */
export function at(path: string, query: Record<string, string | number | boolean | null | undefined> = {}): string {
	const words = new URLSearchParams();

	for (const name in query) {
		const value = query[name];

		if (value !== null && value !== undefined && value !== "" && value !== false)
			words.set(name, String(value));
	}
	return words.toString() ? `${path}?${words}` : path;
}

export function part(id: string): string {
	return encodeURIComponent(id);
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
	return call<T>("GET", path, undefined, { signal });
}

export function newKey(): string {
	return crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-");
}
