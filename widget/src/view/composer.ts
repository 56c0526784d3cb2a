/* composer.ts - where one writes: the text, the files with it, and what is wrong with either */
import type { ChatState, Part } from "../types";
import { strokes } from "../launcher";
import type { Chips } from "./chip";
import { arrange, el, iconButton, say, set, show } from "./dom";
import { CLIP, SEND } from "./icons";
import { type Piece, type Stage, currentThread } from "./stage";

export interface Composer extends Piece {
	focus(): void;
	/* Files that were dropped or pasted. */
	take(files: Iterable<File>): void;
}

/* What is asked for before a message may go: true when it may. */
export type Gate = () => boolean;

export function makeComposer(stage: Stage, gate: Gate): Composer {
	const { chat, speech } = stage;
	const hint = el("p", { class: "hint", id: "hint" });
	const text = el("textarea", { rows: 1, id: "text", name: "text", placeholder: speech.say("write"),
		autocomplete: "off", enterkeyhint: "send", "aria-describedby": "hint", oninput: typed, onkeydown: key, onpaste: paste });
	const grow = el("div", { class: "grow" }, text);
	const picker = el("input", { type: "file", multiple: true, hidden: true, tabindex: -1, onchange: picked });
	const clip = iconButton(CLIP, speech.say("attach"), () => picker.click(), "clip");
	const go = el("button", { class: "icon go", type: "submit", "aria-label": speech.say("send"), title: speech.say("send") },
		strokes(SEND));
	const tray = el("ul", { class: "tray", "aria-label": speech.say("attach") });
	let chips: Chips | null = null;
	/* A person neither sees nor reaches it; who fills in all there is gives himself away. */
	const trap = el("input", { type: "text", name: "website", tabindex: -1, autocomplete: "off" });
	const element = el("form", { class: "foot", novalidate: true, onsubmit: submit }, tray,
		el("div", { class: "writes" }, el("label", { for: "text", class: "sr" }, speech.say("write")), clip, grow, go),
		el("span", { class: "trap", "aria-hidden": "true" }, trap), picker, hint);

	function surplus(): number {
		const most = chat.state.channel?.text_max ?? Infinity;

		/* Letters outside the first plane are two units of a string and one of the server's. */
		return text.value.length <= most ? text.value.length - most : [...text.value].length - most;
	}

	function drawText(): void {
		const over = surplus();
		const ready = over <= 0 && (text.value.trim() !== "" || chat.state.attachments.some(one => one.state !== "failed"));

		set(grow, "data-text", text.value);
		set(text, "dir", text.value ? "auto" : null);	/* what is to be written stands where the language begins */
		go.classList.toggle("ready", ready);
		set(text, "aria-invalid", over > 0 && "true");
		drawHint(over);
	}

	function drawHint(over: number): void {
		const closed = stage.page === "talk" && currentThread(chat.state)?.state === "closed";

		hint.classList.toggle("bad", over > 0);
		say(hint, over > 0 ? speech.say("long", { n: over }) : closed ? speech.say("closed") : "");
		show(hint, hint.textContent !== "");
	}

	function typed(): void {
		drawText();
		chat.compose(text.value);
	}

	function key(event: KeyboardEvent): void {
		/* 229: a letter that is still being put together; Enter ends it there and sends nothing. */
		if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229)
			return;
		event.preventDefault();
		element.requestSubmit();
	}

	function submit(event: Event): void {
		event.preventDefault();
		if (surplus() > 0)
			return stage.alarm(hint.textContent!);
		if (!text.value.trim() && chat.state.attachments.length === 0)
			return text.focus();
		if (!gate())
			return;
		if (!chat.send(text.value.trim(), trap.value ? { website: trap.value } : undefined))
			return stage.alarm(speech.say("busy"));
		text.value = "";
		drawText();
		text.focus();
	}

	function take(files: Iterable<File>): void {
		if (chat.state.channel?.uploads)
			chat.attach(files);
	}

	function picked(): void {
		take(Array.from(picker.files ?? []));
		picker.value = "";
		text.focus();
	}

	function paste(event: ClipboardEvent): void {
		const files = Array.from(event.clipboardData?.files ?? []);

		if (files.length === 0)
			return;
		event.preventDefault();
		take(files);
	}

	function drawTray(state: ChatState): void {
		const failed = tray.querySelectorAll(".bad").length;

		show(tray, state.attachments.length > 0);
		if (!stage.extras)
			return void (state.attachments.length > 0 && stage.need());
		chips ??= new stage.extras.Chips(stage, true);
		arrange(tray, chips.draw(state.attachments));
		const bad = tray.querySelectorAll(".bad small");
		if (bad.length > failed)
			stage.alarm(bad[bad.length - 1]!.textContent!);
	}

	function drawState(state: ChatState): void {
		const uploads = state.channel?.uploads;

		show(clip, !!uploads);
		set(picker, "accept", uploads?.types.join(","));
	}

	return {
		element, take,
		focus: () => text.focus(),
		draw(parts: ReadonlySet<Part>) {
			const { state } = chat;

			if (parts.has("session"))
				drawState(state);
			if (parts.has("attachments"))
				drawTray(state);
			if (parts.has("draft") && text.value !== state.draft)
				text.value = state.draft;
			drawText();
		},
	};
}
