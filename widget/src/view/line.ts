/* line.ts - one message of the log */
import type { Entry, FileInfo, Message } from "../types";
import { strokes } from "../launcher";
import type { Chips } from "./chip";
import { el, set, spoken, textButton } from "./dom";
import { FILE, READ, SENT } from "./icons";
import { linked, plainName, safeUrl } from "./links";
import type { Word } from "./speech";
import { type Stage, problemText } from "./stage";

/* Where it stands among its neighbours: messages of one author within minutes are a group. */
export interface Place {
	first: boolean;
	last: boolean;
	/* The newest of the thread: its choices are still to be taken. */
	newest: boolean;
}

const CHANNELS: Record<string, string> = { email: "e-mail", whatsapp: "WhatsApp", sms: "SMS" };
const EMOJI = /^(?:\p{Extended_Pictographic}[\u{1f3fb}-\u{1f3ff}\ufe0f]?(?:\u200d\p{Extended_Pictographic}\ufe0f?)*\s?){1,3}$/u;

export class Line {
	readonly element = el("div");
	/* What each part was made from: a part is made anew only when that differs, for a live region says it again. */
	private readonly made = new Map<string, string>();
	private readonly parts = new Map<string, HTMLElement | null>();
	private chips: Chips | null = null;
	private readonly chipList = el("ul", { class: "files", "aria-live": "off" });

	constructor(private readonly stage: Stage, entry: Entry, fresh: boolean) {
		this.element.dataset.key = entry.key;
		this.element.classList.toggle("new", fresh);
	}

	draw(entry: Entry, place: Place): void {
		const { message, uploads } = entry;
		const rich = message.files.length + message.choices.length + uploads.length + Object.keys(message.reactions ?? {}).length;
		const side = message.author.kind === "system" ? "system" : message.author.me ? "me" : "them";
		const order = ["said", "who", "bubble", "files", "sending", "liked", "choices", "note", "face"];

		set(this.element, "class", ["line", side, place.first && "first", this.element.classList.contains("new") && "new",
			place.last && side === "them" && "noted"].filter(Boolean).join(" "));
		this.part("said", [message.author, message.at], () => spoken(`${this.author(message)}, ${
			this.stage.speech.time(message.at)}: `));
		this.part("who", [side === "them" && place.first, this.author(message)], ([shown]) =>
			shown ? el("span", { class: "who", "aria-hidden": "true" }, el("bdi", {}, this.author(message))) : null);
		this.part("bubble", [message.text, message.deleted], () => this.bubble(message));
		this.part("files", message.deleted ? [] : message.files, () => this.files(message));
		this.parts.set("sending", this.sending(entry));
		this.part("liked", [message.reactions], () => this.reactions(message));
		this.part("choices", [place.newest && side === "them", message.choices], ([open]) =>
			open ? this.choices(message) : null);
		this.part("note", [place.last || entry.outgoing === "failed" || uploads.length > 0, entry.outgoing, entry.problem,
			message.state, message.at, message.channel, message.edited_at], ([shown]) => shown ? this.note(entry) : null);
		this.part("face", [side === "them" && place.last, this.author(message)], ([shown]) =>
			shown ? el("span", { class: "face", "aria-hidden": "true" }, [...this.author(message)][0] ?? "") : null);
		if (rich > 0 && !this.stage.extras)
			void this.stage.need();
		this.settle(order.map(name => this.parts.get(name)));
	}

	private part<T extends unknown[]>(name: string, from: T, make: (from: T) => HTMLElement | null): void {
		const now = JSON.stringify(from);

		if (this.made.get(name) === now)
			return;
		this.made.set(name, now);
		this.parts.set(name, make(from));
	}

	private settle(parts: (HTMLElement | null | undefined)[]): void {
		const wanted = parts.filter(Boolean) as HTMLElement[];

		if (wanted.length === this.element.children.length && wanted.every((one, i) => one === this.element.children[i]))
			return;
		for (const child of Array.from(this.element.children))
			if (!wanted.includes(child as HTMLElement))
				child.remove();
		wanted.forEach((one, i) => {
			if (this.element.children[i] !== one)
				this.element.insertBefore(one, this.element.children[i] ?? null);
		});
	}

	private author({ author }: Message): string {
		const { speech, chat } = this.stage;
		const title = chat.state.channel?.title ?? "";

		if (author.me)
			return speech.say("you");
		return plainName(author.name ?? (author.kind === "bot" ? speech.say("bot") : title));
	}

	private bubble({ text, deleted }: Message): HTMLElement | null {
		if (deleted)
			return el("div", { class: "bubble gone" }, this.stage.speech.say("deleted"));
		if (!text)
			return null;
		return el("div", { class: text.length < 40 && EMOJI.test(text) ? "bubble big" : "bubble", dir: "auto" }, ...linked(text));
	}

	/* How often each was chosen: { "👍": 2 }. */
	private reactions({ reactions, deleted }: Message): HTMLElement | null {
		const faces = Object.entries(reactions ?? {});

		if (deleted || faces.length === 0)
			return null;
		return el("span", { class: "liked" }, ...faces.slice(0, 8).map(([face, count]) =>
			el("span", {}, typeof count === "number" && count > 1 ? `${face} ${this.stage.speech.number(count)}` : face)));
	}

	private files(message: Message): HTMLElement | null {
		if (message.deleted || message.files.length === 0)
			return null;
		return el("div", { class: "files" }, ...message.files.map(file => this.file(message, file)));
	}

	private file(message: Message, file: FileInfo): HTMLElement {
		const { speech } = this.stage;
		const href = file.state === "stored" && file.url ? safeUrl(file.url) : null;
		const name = plainName(file.name);
		const open = (event: MouseEvent) => {
			event.preventDefault();
			void this.follow(message, file);
		};

		if (!href)
			return el("span", { class: "file" }, this.sheet(), el("span", {}, el("bdi", {}, name), el("small", {},
				speech.say(file.state === "failed" ? "lost" : "pending"))));
		if (file.inline && file.kind === "image")
			return el("a", { class: "picture", href, target: "_blank", rel: "noopener noreferrer", onclick: open },
				this.image(message, file, href, name));
		return el("a", { class: "file", href, target: "_blank", rel: "noopener noreferrer", download: name, onclick: open },
			this.sheet(), el("span", {}, el("bdi", { title: name }, name), el("small", {}, speech.bytes(file.bytes))));
	}

	private sheet(): HTMLElement {
		return el("span", { class: "thumb" }, strokes(FILE));
	}

	/* Links end: the one in the message may be of yesterday. */
	private image(message: Message, file: FileInfo, src: string, name: string): HTMLImageElement {
		const image = el("img", { src, alt: name, loading: "lazy", decoding: "async" });

		image.addEventListener("error", () => {
			void this.stage.chat.fileUrl(message, file).then(fresh => {
				const url = safeUrl(fresh);
				if (url && url !== image.src)
					image.src = url;
			}, () => undefined);
		}, { once: true });
		return image;
	}

	private async follow(message: Message, file: FileInfo): Promise<void> {
		const shown = file.inline && file.kind === "image";

		try {
			const href = safeUrl(await this.stage.chat.fileUrl(message, file, !shown));
			if (href)
				el("a", { href, target: "_blank", rel: "noopener noreferrer", download: shown ? null : plainName(file.name) }).click();
		} catch {
			this.stage.alarm(this.stage.speech.say("lost"));
		}
	}

	private sending({ outgoing, uploads, message }: Entry): HTMLElement | null {
		if (!outgoing || message.files.length > 0 || uploads.length === 0)
			return null;
		if (!this.stage.extras)
			return null;
		this.chips ??= new this.stage.extras.Chips(this.stage, false);
		this.settleChips(this.chips.draw(uploads));
		return this.chipList;
	}

	private settleChips(chips: HTMLElement[]): void {
		if (chips.length !== this.chipList.children.length || chips.some((one, i) => one !== this.chipList.children[i]))
			this.chipList.replaceChildren(...chips);
	}

	private choices(message: Message): HTMLElement | null {
		const { chat } = this.stage;

		if (message.choices.length === 0)
			return null;
		return el("div", { class: "choices" }, ...message.choices.map(choice =>
			textButton(choice.title, () => {
				chat.choose(message, choice);
				this.stage.focusWriting();
			}, "small")));
	}

	/* Time, way and fate; not read out when it changes, for marks come all the time: it is there to be read. */
	private note(entry: Entry): HTMLElement {
		const { message, outgoing, problem } = entry;
		const { speech } = this.stage;
		const words = [speech.time(message.at)];

		if (outgoing === "failed")
			return this.failed(entry, problem ? problemText(this.stage, problem) : "");
		if (message.channel !== "widget" && message.channel)
			words.push(CHANNELS[message.channel] ?? message.channel);
		if (message.edited_at && !message.deleted)
			words.push(speech.say("edited"));
		const state: Word | null = outgoing ?? (message.author.me ? message.state : null);
		if (state)
			words.push(speech.say(state));
		return el("span", { class: "note", "aria-live": "off" }, words.join(" · "),
			!outgoing && (state === "delivered" || state === "read") && strokes(READ),
			!outgoing && state === "sent" && strokes(SENT));
	}

	private failed({ key }: Entry, why: string): HTMLElement {
		const { speech, chat } = this.stage;

		return el("span", { class: "note bad" }, [speech.say("failed"), why].filter(Boolean).join(" · "),
			textButton(speech.say("again"), () => chat.retry(key), "bare"),
			textButton(speech.say("remove", { name: "" }).trim(), () => {
				chat.discard(key);
				this.stage.focusWriting();
			}, "bare"));
	}
}
