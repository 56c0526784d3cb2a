/* chip.ts - a file on its way up: what it is, how far it got, and what can be done about it */
import type { Upload } from "../types";
import { el, iconButton, say, set, show } from "./dom";
import { AGAIN, CLOSE, FILE } from "./icons";
import { plainName } from "./links";
import { type Stage, problemText } from "./stage";
import { strokes } from "../launcher";

export interface Chip {
	element: HTMLElement;
	draw(upload: Upload): void;
}

/* With acts it can be taken away and tried again (beside the composer); without it is only shown (in the log). */
export function makeChip(stage: Stage, upload: Upload, acts: boolean): Chip {
	const { chat, speech } = stage;
	const name = plainName(upload.name);
	const thumb = el("span", { class: "thumb" }, strokes(FILE));
	const note = el("small");
	const progress = el("progress", { max: 1, value: 0, "aria-label": name });
	const again = iconButton(AGAIN, `${speech.say("again")}: ${name}`, () => chat.retryUpload(upload.key));
	const away = iconButton(CLOSE, speech.say("remove", { name }), () => {
		chat.detach(upload.key);
		stage.focusWriting();
	});
	const element = el("li", { class: "chip" }, thumb,
		el("span", { class: "text" }, el("bdi", { title: name }, name), note, progress), acts && again, acts && away);
	let shown: string | null = null;

	function draw(now: Upload): void {
		const bad = now.state === "failed";

		element.classList.toggle("bad", bad);
		say(note, bad ? now.problem ? problemText(stage, now.problem) : speech.say("failed") : speech.bytes(now.bytes));
		show(again, bad && (!now.problem || !now.problem.word.startsWith("file-") && now.problem.word !== "too-many-files"));
		show(progress, now.state === "uploading" || now.state === "preparing");
		set(progress, "value", now.bytes > 0 ? now.sent / now.bytes : 0);
		if (now.preview && now.preview !== shown) {
			shown = now.preview;
			thumb.replaceChildren(el("img", { src: shown, alt: "" }));
		}
	}
	draw(upload);
	return { element, draw };
}

/* Keeps a list's chips beside the uploads they show. */
export class Chips {
	private chips = new Map<string, Chip>();

	constructor(private readonly stage: Stage, private readonly acts: boolean) {}

	draw(uploads: readonly Upload[]): HTMLElement[] {
		const next = new Map<string, Chip>();

		for (const upload of uploads) {
			const chip = this.chips.get(upload.key) ?? makeChip(this.stage, upload, this.acts);
			chip.draw(upload);
			next.set(upload.key, chip);
		}
		this.chips = next;
		return [...next.values()].map(chip => chip.element);
	}
}
