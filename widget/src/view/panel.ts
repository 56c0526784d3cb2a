/* panel.ts - the window of the chat: its pages, its focus, and how it fills a phone */
import type { ChatCore, ChatState, Part } from "../types";
import { strokes } from "../launcher";
import { makeComposer } from "./composer";
import { el, say, set, show, textButton } from "./dom";
import { makeHead } from "./head";
import { fetchExtras } from "./fetch";
import { CHAT } from "./icons";
import { makeLog } from "./log";
import { makePrechat } from "./prechat";
import type { Speech } from "./speech";
import { type Piece, type Stage, currentThread, problemText } from "./stage";

/* Narrower than this, the panel is the whole window. */
const NARROW = "(max-width: 600px)";
export const ALL: ReadonlySet<Part> = new Set<Part>(["session", "connection", "threads", "entries", "typing", "unread",
	"attachments", "draft", "open", "look"]);

export interface Panel {
	element: HTMLElement;
	draw(parts: ReadonlySet<Part>): void;
	end(): void;
}

/* root: for the focus.  style: where custom properties are set.  restored: what is open now was so already on the
 * page before. */
export function makePanel(chat: ChatCore, speech: Speech, root: ShadowRoot, button: HTMLElement,
			  style: CSSStyleDeclaration, restored: boolean): Panel {
	const alarms = el("div", { class: "sr", role: "alert" });
	const tells = el("div", { class: "sr", role: "status" });
	const narrow = matchMedia(NARROW);
	const stage: Stage = {
		chat, speech, page: "talk", extras: null, need,
		alarm: text => announce(alarms, text),
		tell: text => announce(tells, text),
		async go(page) {
			if (page === "chats")
				await need();
			stage.page = page;
			draw(ALL);
			if (page === "talk")
				stage.focusWriting();
			else
				head.title.focus();
		},
		/* On a phone its keyboard would cover half of what there is to read. */
		focusWriting: () => (full() ? dialog : composer).focus(),
	};
	const head = makeHead(stage);
	const bar = el("p", { class: "bar", role: "status", hidden: true });
	const log = makeLog(stage);
	const prechat = makePrechat(stage);
	const composer = makeComposer(stage, () => prechat.pass());
	const pages = el("div", { class: "middle", hidden: true });
	const sorry = el("div", { class: "sorry" });
	const drop = el("div", { class: "drop", hidden: true }, speech.say("drop"));
	const dialog = el("dialog", { class: "panel", "aria-labelledby": "title", tabindex: -1, onkeydown: key, oncancel: cancel,
		ondragenter: drag, ondragover: drag, ondragleave: dragAway, ondrop: dropped },
		head.element, bar, log.element, pages, sorry, composer.element, drop, alarms, tells);
	const element = el("div", { class: "hg", dir: speech.dir, lang: speech.code }, dialog);
	const pieces: Piece[] = [head, log, prechat, composer];

	/* The same words again are said again: the region is emptied first. */
	function announce(region: HTMLElement, text: string): void {
		region.textContent = "";
		region.textContent = text;
	}

	/* ---- open and shut ---- */
	function full(): boolean {
		return narrow.matches && !chat.state.embed;
	}

	/* Only who has just done something is taken somewhere: a page that opens the panel by itself, or finds it open
	 * from before, leaves the focus where it is. */
	function acted(): boolean {
		const { userActivation } = navigator as { userActivation?: { isActive: boolean } };

		return root.activeElement !== null || (userActivation?.isActive ?? true);
	}

	function unfold(): void {
		const moves = acted();

		/* Open from before: it does not cover the whole of the next page too. */
		if (restored && full() && !moves) {
			restored = false;
			return chat.close();
		}
		restored = false;
		set(element, "class", ["hg", dark() && "dark", full() && "full", chat.state.embed && "embed",
			chat.state.theme.position].filter(Boolean).join(" "));
		if (full()) {
			fit();
			dialog.showModal();
			/* The phone's back button shuts it, and does not leave the page. */
			if (!ours())
				history.pushState({ ...history.state, headgate: true }, "");
		} else {
			dialog.setAttribute("open", "");	/* show() would take the focus */
		}
		draw(ALL);
		if (moves)
			(full() ? head.title : composer.element.hidden ? dialog : composer).focus();
	}

	function fold(): void {
		const inside = dialog.contains(root.activeElement);

		head.fold();
		dialog.close();
		if (ours())
			history.back();
		if (inside)
			button.focus();
	}

	function popped(): void {
		if (dialog.open && full())
			chat.close();
	}

	function ours(): boolean {
		return (history.state as { headgate?: boolean } | null)?.headgate === true;
	}

	/* Turned, or resized: what was beside the page fills it now, or the other way round. */
	function turned(): void {
		if (!dialog.open)
			return;
		dialog.close();
		if (!full() && ours())
			history.back();
		unfold();
	}

	/* What the keyboard of a phone leaves free. */
	function fit(): void {
		const { visualViewport: seen } = window;

		if (!full())
			return;
		style.setProperty("--height", `${Math.round(seen?.height ?? innerHeight)}px`);
		style.setProperty("--top", `${Math.round(seen?.offsetTop ?? 0)}px`);
		log.look();
	}

	function key(event: KeyboardEvent): void {
		if (event.key !== "Escape" || event.isComposing || event.defaultPrevented)
			return;
		event.preventDefault();
		event.stopPropagation();
		if (!head.fold() && !chat.state.embed)
			chat.close();
	}

	/* A file picker that is left cancels too, and that is none of the panel's business. */
	function cancel(event: Event): void {
		if (event.target !== dialog)
			return;
		event.preventDefault();
		chat.close();
	}

	/* ---- files from outside ---- */
	function drag(event: DragEvent): void {
		if (!chat.state.channel?.uploads || stage.page !== "talk" || !event.dataTransfer?.types.includes("Files"))
			return;
		event.preventDefault();
		void stage.need();
		show(drop, true);
	}

	function dragAway(event: DragEvent): void {
		if (!dialog.contains(event.relatedTarget as Node | null))
			show(drop, false);
	}

	function dropped(event: DragEvent): void {
		event.preventDefault();
		show(drop, false);
		composer.take(Array.from(event.dataTransfer?.files ?? []));
	}

	/* ---- what is fetched later ---- */
	async function need(): Promise<void> {
		const extras = await fetchExtras(root).catch(() => null);

		if (!extras) {
			stage.alarm(speech.say("offline"));
			return new Promise(() => undefined);
		}
		if (stage.extras)
			return;
		const [rating, list] = [extras.makeRating(stage), extras.makeList(stage)];
		stage.extras = extras;
		log.below.append(rating.element);
		pages.append(list.element);
		pieces.push(rating, list);
		draw(ALL);
	}

	/* ---- drawing ---- */
	function dark(): boolean {
		const { mode } = chat.state.theme;

		return mode === "dark" || mode === "auto" && matchMedia("(prefers-color-scheme: dark)").matches;
	}

	function drawSorry(state: ChatState): boolean {
		const dead = state.phase === "refused" || state.phase === "ended";

		show(sorry, dead);
		if (dead)
			sorry.replaceChildren(strokes(CHAT), el("p", {}, speech.say(state.phase === "ended" ? "ended" : "down")),
				state.problem && el("small", {}, problemText(stage, state.problem)) || "",
				textButton(speech.say(state.phase === "ended" ? "restart" : "again"), () => chat.open()));
		return dead;
	}

	function drawBar({ connection, phase }: ChatState): void {
		const offline = connection === "offline" && phase !== "refused" && phase !== "ended";

		say(bar, offline ? speech.say("offline") : "");
		show(bar, offline);
	}

	function draw(parts: ReadonlySet<Part>): void {
		const { state } = chat;
		const wanted = state.open || state.embed;

		if (wanted !== dialog.open) {
			if (wanted)
				return unfold();
			fold();
		}
		element.classList.toggle("dark", dark());
		element.classList.toggle("start", state.theme.position === "start");
		const dead = drawSorry(state);
		drawBar(state);
		for (const piece of pieces)
			piece.draw(parts);
		show(log.element, !dead && stage.page === "talk");
		show(pages, !dead && stage.page === "chats");
		if (currentThread(state)?.rating)
			void stage.need();
		show(composer.element, !dead && stage.page === "talk");
		log.look();
	}

	log.below.append(prechat.element);
	narrow.addEventListener("change", turned);
	window.addEventListener("popstate", popped);
	window.visualViewport?.addEventListener("resize", fit);
	window.visualViewport?.addEventListener("scroll", fit);
	return {
		element, draw,
		end() {
			narrow.removeEventListener("change", turned);
			window.removeEventListener("popstate", popped);
			window.visualViewport?.removeEventListener("resize", fit);
			window.visualViewport?.removeEventListener("scroll", fit);
			for (const piece of pieces)
				piece.end?.();
			if (dialog.open)
				dialog.close();
			element.remove();
		},
	};
}
