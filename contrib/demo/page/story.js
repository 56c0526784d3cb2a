/* What the gateway decided, newest first. */
import { watch } from "./live.js";
import { CHANNEL_ICONS, clock, el, icon } from "./dom.js";

const WAY = ["genuine", "stored", "once", "thread", "rules"];
const SUMS = [["messages", "messages"], ["held", "held"], ["tickets", "tickets"], ["duplicates", "dropped"]];
const CARDS_MAX = 150;

export function story(root, heard) {
	const way = el("ol", { class: "way", "aria-label": "The way of a message" }, WAY.map((word) => el("li", {}, word)));
	const numbers = {};
	const sums = el("dl", { class: "sums" }, SUMS.map(([key, word]) => el("div", {}, el("dt", {}, word), numbers[key] = el("dd", {}, "0"))));
	const empty = el("p", { class: "empty" }, el("b", {}, "Nothing to decide yet"), "Every message lands here, with what was made of it and why.");
	const cards = el("div", { class: "cards", role: "log", "aria-label": "Decisions, newest first", tabindex: "0" }, empty);
	const known = new Map();

	function reach(card) {
		return el("ol", { class: "reach" }, ["sent", "delivered", "read"].map((word, at) => el("li", { class: card.reached > at ? "on" : "" }, word)));
	}

	function details(card, open) {
		if (!card.steps && !card.explained)
			return null;
		return el("details", { open },
			el("summary", {}, "Every step"),
			card.steps ? el("ol", { class: "steps" }, card.steps.map(([word, answer]) =>
				el("li", {}, icon("check"), el("div", {}, el("b", {}, word), " ", el("span", {}, answer))))) : null,
			card.explained ? explanation(card.explained) : null);
	}

	/* Lines of `headgatectl explain`: a word in a column of its own, and what is to be said of it. */
	function explanation(text) {
		const lines = text.split("\n").filter((line) => /^ {4}\S/.test(line)).map((line) => [line.slice(4, 19).trim(), line.slice(20).trim()]);
		return el("dl", { class: "explained" }, lines.map(([word, said]) =>
			el("div", { class: /^MATCH/.test(said) ? "match" : "" }, el("dt", {}, word), el("dd", {}, said.replace(/^(MATCH|-)\s+/, (all, sign) => (sign === "-" ? "no: " : "yes: ")).replace(/ {2,}/g, " · ")))));
	}

	function fill(box, card) {
		const open = box.querySelector("details")?.open;
		box.className = `card ${card.tone}`;
		box.replaceChildren(
			el("div", { class: "card-top" }, icon(CHANNEL_ICONS[card.channel] ?? "gate"), el("span", {}, card.channel ?? "headgate"),
				el("time", { datetime: card.at }, clock(card.at, true)), el("span", { class: "outcome" }, card.outcome)),
			el("p", { class: "what" }, card.who ? el("b", {}, card.who, " ") : null, card.what),
			el("p", { class: "why" }, card.why),
			...[card.outward && card.receipts ? reach(card) : null, details(card, open)].filter(Boolean));
	}

	watch("story", (card, fresh) => {
		let box = known.get(card.key);
		const made = !box;
		if (made) {
			box = el("article");
			known.set(card.key, box);
			empty.remove();
			cards.prepend(box);
			if (known.size > CARDS_MAX) {
				const [key, oldest] = known.entries().next().value;
				known.delete(key);
				oldest.remove();
			}
		}
		fill(box, card);
		if (made && fresh) {
			box.classList.add("fresh");
			way.classList.remove("flow");
			void way.offsetWidth;	/* so that it begins anew */
			way.classList.add("flow");
		}
		heard(card, fresh);
	});

	watch("sums", (card) => {
		for (const [key, place] of Object.entries(numbers))
			place.textContent = card[key] ?? 0;
	});
	root.append(way, sums, cards);
}
