/* prechat.ts - the form before the first message: what the site wants to know and does not know yet */
import type { ChatState, Part, Profile } from "../types";
import { el, say, set, show, textButton } from "./dom";
import type { Piece, Stage } from "./stage";

type Key = "name" | "email" | "phone";

/* What browsers fill in for people (WCAG 1.3.5). */
const FIELDS: Record<Key, { type: string; autocomplete: string; dir: string | null }> = {
	name: { type: "text", autocomplete: "name", dir: null },
	email: { type: "email", autocomplete: "email", dir: "ltr" },
	phone: { type: "tel", autocomplete: "tel", dir: "ltr" },
};

export interface Prechat extends Piece {
	/* Before a message goes: hands over what was filled in.  False: something is missing, and says so. */
	pass(): boolean;
}

interface Field {
	key: Key;
	element: HTMLElement;
	input: HTMLInputElement;
	error: HTMLElement;
}

export function makePrechat(stage: Stage): Prechat {
	const { chat, speech } = stage;
	const element = el("section", { class: "card", "aria-labelledby": "ask" });
	let fields: Field[] = [];
	let made = "";
	let skipped = false;

	function makeField(key: Key, required: boolean): Field {
		const error = el("span", { class: "error", id: `error-${key}`, hidden: true });
		const input: HTMLInputElement = el("input", { ...FIELDS[key], name: key, id: `ask-${key}`, maxlength: 200,
			"aria-required": required && "true", "aria-describedby": `error-${key}`, oninput: () => mark(error, input, "") });

		return { key, input, error, element: el("label", { class: "field", for: `ask-${key}` },
			el("span", {}, speech.say(key), !required && el("small", {}, speech.say("optional"))), input, error) };
	}

	function mark(error: HTMLElement, input: HTMLInputElement, text: string): void {
		say(error, text);
		show(error, text !== "");
		set(input, "aria-invalid", text !== "" && "true");
	}

	function wanted(state: ChatState): boolean {
		return !!state.channel?.prechat?.ask.length && state.current === null && state.entries.length === 0 &&
			state.phase === "ready" && !skipped;
	}

	function build({ ask, require }: { ask: Key[]; require: boolean }): void {
		const now = JSON.stringify([ask, require]);

		if (now === made)
			return;
		made = now;
		fields = ask.map(key => makeField(key, require));
		element.replaceChildren(el("p", { class: "title", id: "ask" }, speech.say("ask")),
			...fields.map(field => field.element),
			...(require ? [] : [el("div", { class: "row" }, textButton(speech.say("skip"), () => {
				skipped = true;
				show(element, false);
				stage.focusWriting();
			}, "small"))]));
	}

	function wrong({ key, input }: Field): string {
		const value = input.value.trim();

		if (!value)
			return chat.state.channel?.prechat?.require ? speech.say("needed") : "";
		return key === "email" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? speech.say("wrong") : "";
	}

	/* The first wrong one is read out with its label when it is focused; the region says it for who stays away. */
	function pass(): boolean {
		if (!wanted(chat.state))
			return true;
		for (const field of fields)
			mark(field.error, field.input, wrong(field));
		const bad = fields.find(field => !field.error.hidden);
		if (bad) {
			stage.alarm(`${speech.say(bad.key)}: ${bad.error.textContent}`);
			bad.input.focus();
			return false;
		}
		const profile: Profile = {};
		for (const { key, input } of fields)
			if (input.value.trim())
				profile[key] = input.value.trim();
		if (Object.keys(profile).length > 0)
			chat.setProfile(profile);
		return true;
	}

	return {
		element, pass,
		draw(parts: ReadonlySet<Part>) {
			if (!parts.has("session") && !parts.has("entries"))
				return;
			if (chat.state.channel?.prechat)
				build(chat.state.channel.prechat);
			show(element, wanted(chat.state));
		},
	};
}
