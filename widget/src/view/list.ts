/* list.ts - the visitor's conversations, newest first */
import type { Part, Thread } from "../types";
import { el, textButton } from "./dom";
import { plainName } from "./links";
import type { Piece, Stage } from "./stage";

export function makeList(stage: Stage): Piece {
	const { chat, speech } = stage;
	const list = el("ul", { class: "list", "aria-label": speech.say("chats") });
	const element = el("div", { class: "pages" }, list, el("div", { class: "under" },
		textButton(speech.say("fresh"), () => pick(null), "main")));

	function pick(id: string | null): void {
		void chat.openThread(id);
		stage.go("talk");
	}

	function heading({ ticket, last }: Thread): string {
		const title = chat.state.channel?.title ?? "";

		return ticket ? speech.say("ticket", { n: ticket.number }) : plainName(last && !last.author.me && last.author.name || title);
	}

	function row(thread: Thread): HTMLElement {
		const { last, unread } = thread;
		const what = last ? last.deleted ? speech.say("deleted") : last.text || last.files.map(file => plainName(file.name)).join(", ") : "";

		return el("li", {}, el("button", { type: "button", class: unread > 0 ? "unread" : "", onclick: () => pick(thread.id) },
			el("b", {}, el("bdi", {}, heading(thread))), el("time", { datetime: thread.last_at }, speech.moment(thread.last_at)),
			el("span", { class: "snip", dir: "auto" }, last?.author.me ? `${speech.say("you")}: ${what}` : what),
			unread > 0 && el("span", { class: "count" }, el("span", { class: "sr" }, speech.say("unread", { n: "" })), speech.number(unread))));
	}

	return {
		element,
		draw(parts: ReadonlySet<Part>) {
			if (stage.page === "chats" && (parts.has("threads") || parts.has("session") || parts.has("look")))
				redraw();
		},
	};

	/* What has the focus keeps it. */
	function redraw(): void {
		const buttons = Array.from(list.querySelectorAll("button"));
		const focused = buttons.findIndex(button => button.matches(":focus"));

		list.replaceChildren(...chat.state.threads.map(row));
		if (focused >= 0)
			list.querySelectorAll("button")[Math.min(focused, chat.state.threads.length - 1)]?.focus();
	}
}
