/* stage.ts - what the pieces of the view share */
import type { ChatCore, ChatState, Part, Problem, Thread } from "../types";
import type { Speech, Word } from "./speech";

/* A part of the program of its own: the first open is small. */
export type Extras = typeof import("./extras");

export interface Stage {
	chat: ChatCore;
	speech: Speech;
	/* Read out at once (an error), or when there is time (somebody types); "" says nothing more. */
	alarm(text: string): void;
	tell(text: string): void;
	/* What is fetched when it is needed first; null until then. */
	extras: Extras | null;
	/* Resolves when it is there, and what is shown has been drawn again; never when it cannot be had. */
	need(): Promise<void>;
	/* Which page the panel shows. */
	page: "talk" | "chats";
	go(page: "talk" | "chats"): void;
	/* Into the field where one writes. */
	focusWriting(): void;
}

/* A part of the panel: drawn again when something of the state has changed. */
export interface Piece {
	element: HTMLElement;
	draw(parts: ReadonlySet<Part>): void;
	/* Lets go of what is outside the element. */
	end?(): void;
}

export function currentThread(state: ChatState): Thread | null {
	return state.threads.find(thread => thread.id === state.current) ?? null;
}

const PROBLEMS: Record<string, Word> = {
	"offline": "offline", "file-type": "kind", "file-empty": "empty", "too-many": "busy", "outbox-full": "busy", "session-ended": "ended",
};

/* What went wrong, in the visitor's language where we have words for it, else in the server's. */
export function problemText({ chat: { state }, speech }: Stage, problem: Problem): string {
	const uploads = state.channel?.uploads;

	if (problem.word === "file-too-large" && uploads)
		return speech.say("large", { n: speech.bytes(uploads.max_bytes) });
	if (problem.word === "too-many-files" && uploads)
		return speech.say("many", { n: uploads.max_files });
	return PROBLEMS[problem.word] ? speech.say(PROBLEMS[problem.word]!) : problem.detail || problem.title;
}

/* Verbs of the core throw Problems; anything else is a mistake of ours and goes on. */
export function asProblem(thrown: unknown): Problem {
	if (typeof thrown === "object" && thrown !== null && "word" in thrown)
		return thrown as Problem;
	throw thrown;
}
