/* rating.ts - how was it? five faces or two thumbs, and a word if one likes */
import type { Part, RatingScale } from "../types";
import { strokes } from "../launcher";
import { el, set, show } from "./dom";
import { DOWN_THUMB, FACES, UP_THUMB } from "./icons";
import { type Piece, type Stage, asProblem, currentThread, problemText } from "./stage";

interface Score {
	score: number;
	name: string;
	icon: string;
}

export function makeRating(stage: Stage): Piece {
	const { chat, speech } = stage;
	const element = el("section", { class: "card", "aria-label": speech.say("rate") });
	let shown = "";		/* of which thread, on which scale */
	let thanked = "";	/* the thread that has got its rating just now */

	function scores(scale: RatingScale): Score[] {
		if (scale === "thumbs")
			return [{ score: 1, name: speech.say("good"), icon: UP_THUMB }, { score: 0, name: speech.say("bad"), icon: DOWN_THUMB }];
		return FACES.map((icon, i) => ({ score: i + 1, name: speech.say("score", { n: i + 1 }), icon }));
	}

	function build(thread: string, scale: RatingScale): void {
		const comment = el("textarea", { rows: 2, maxlength: 2000, name: "comment",
			"aria-label": speech.say("comment"), placeholder: speech.say("comment") });
		const more = el("div", { hidden: true }, comment, el("div", { class: "row" },
			el("button", { class: "button main", type: "submit" }, speech.say("send"))));
		const faces = el("div", { class: "scores " + scale });
		let chosen: number | null = null;

		faces.append(...scores(scale).map(({ score, name, icon }) => {
			const label = el("label", { title: name }, el("input", { type: "radio", name: "score", value: score, "aria-label": name,
				onchange: () => {
					chosen = score;
					for (const other of Array.from(faces.children))
						other.classList.toggle("chosen", other === label);
					show(more, true);
					more.scrollIntoView({ block: "nearest" });
				} }), strokes(icon));
			return label;
		}));
		element.replaceChildren(el("form", { onsubmit: (event: Event) => {
			event.preventDefault();
			if (chosen !== null)
				void give(thread, chosen, comment.value.trim());
		} }, el("fieldset", {}, el("legend", {}, speech.say("rate")), faces), more));
	}

	async function give(thread: string, score: number, comment: string): Promise<void> {
		try {
			await chat.rate(thread, score, comment || undefined);
		} catch (thrown) {
			return stage.alarm(problemText(stage, asProblem(thrown)));
		}
		thanked = thread;
		shown = "";
		element.replaceChildren(el("p", { class: "title" }, speech.say("thanks")));
		set(element, "tabindex", -1);
		show(element, true);
		stage.tell(speech.say("thanks"));
		stage.focusWriting();
	}

	return {
		element,
		draw(parts: ReadonlySet<Part>) {
			const thread = currentThread(chat.state);
			const scale = thread?.rating?.scale;

			if (!parts.has("threads") && !parts.has("entries") && !parts.has("session"))
				return;
			if (thread && scale && shown !== thread.id + scale) {
				shown = thread.id + scale;
				build(thread.id, scale);
			}
			show(element, !!thread && (!!scale || thanked === thread.id));
		},
	};
}
