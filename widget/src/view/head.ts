/* head.ts - who one talks to, when they answer, and what else can be done */
import type { ChatState, Part, Thread } from "../types";
import { el, iconButton, say, set, show } from "./dom";
import { BACK, CLOSE, MORE } from "./icons";
import { safeUrl } from "./links";
import { type Piece, type Stage, currentThread } from "./stage";

export interface Head extends Piece {
	title: HTMLElement;
	/* Closes the menu; true when it was open. */
	fold(): boolean;
}

export function makeHead(stage: Stage): Head {
	const { chat, speech } = stage;
	const title = el("h2", { id: "title", tabindex: -1 });
	const status = el("p", { class: "status" });
	const mark = el("span", { class: "mark", "aria-hidden": "true" });
	const back = iconButton(BACK, speech.say("chats"), () => stage.go("chats"), "back");
	const menu = el("div", { class: "menu", id: "menu", hidden: true });
	const more = iconButton(MORE, speech.say("more"), () => void stage.need().then(() => unfold(menu.hidden)), "more");
	const away = iconButton(CLOSE, speech.say("close"), () => chat.close());
	const element = el("div", { class: "head" }, back, mark, el("div", { class: "names" }, title, status), more, away, menu);
	let drawnLogo = "";

	set(more, "aria-expanded", "false");
	set(more, "aria-controls", "menu");

	function unfold(open: boolean): void {
		show(menu, open);
		set(more, "aria-expanded", String(open));
		if (!open)
			return;
		stage.extras?.fillMenu(stage, menu, fold);
		menu.querySelector("button")?.focus();
	}

	function fold(): boolean {
		const open = !menu.hidden;

		unfold(false);
		return open;
	}

	/* While somebody is there, a ticket's number says more than how long an answer takes. */
	function drawStatus({ channel }: ChatState, thread: Thread | null): void {
		const { hours, reply_time: reply } = channel ?? {};
		const closed = hours && !hours.open;
		const ticket = thread?.ticket ? speech.say("ticket", { n: thread.ticket.number }) : "";
		const here = closed ? hours.next_change ? speech.say("back", { when: speech.when(hours.next_change) }) : speech.say("away") :
			reply ? speech.say("reply", { span: speech.span(reply.seconds) }) : hours ? speech.say("online") : "";

		status.classList.toggle("on", !!hours?.open);
		status.classList.toggle("plain", !hours);
		say(status, ticket && closed ? `${ticket} · ${here}` : ticket || here);
	}

	function drawMark({ theme, channel }: ChatState): void {
		const letter = [...(channel?.title ?? channel?.name ?? "")][0] ?? "";
		const logo = theme.logo ? safeUrl(theme.logo) ?? "" : "";

		if (drawnLogo === (logo || letter))
			return;
		drawnLogo = logo || letter;
		mark.replaceChildren(logo ? el("img", { src: logo, alt: "", onerror: () => mark.replaceChildren(letter.toUpperCase()) }) :
			letter.toUpperCase());
	}

	menu.addEventListener("focusout", event => {
		if (!menu.contains(event.relatedTarget as Node | null) && event.relatedTarget !== more && event.relatedTarget)
			fold();
	});
	return {
		element, title, fold,
		draw(parts: ReadonlySet<Part>) {
			const { state } = chat;
			const thread = currentThread(state);
			const inTalk = stage.page === "talk";

			drawStatus(state, thread);
			if (parts.has("session") || parts.has("look"))
				drawMark(state);
			say(title, inTalk ? state.channel?.title ?? "" : speech.say("chats"));
			show(back, inTalk && state.threads.length > (state.current === null ? 0 : 1));
			show(mark, inTalk);
			show(status, inTalk && status.textContent !== "");
			show(more, state.phase === "ready");
			show(away, !state.embed);
			element.classList.toggle("deep", !back.hidden);
		},
	};
}
