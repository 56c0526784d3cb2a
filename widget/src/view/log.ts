/* log.ts - the conversation: what was said, oldest first, and who is writing */
import type { ChatState, Entry, Part } from "../types";
import { strokes } from "../launcher";
import { arrange, el, say, show, textButton } from "./dom";
import { DOWN } from "./icons";
import { Line } from "./line";
import { plainName } from "./links";
import { daysBetween } from "./speech";
import type { Piece, Stage } from "./stage";

const GROUP_MS = 5 * 60 * 1000;
/* This near to the end (pixels) somebody reads the newest, and goes on doing so. */
const NEAR = 80;
/* How long a screen reader may take until what was inserted is not new any more. */
const HUSH_MS = 700;

export interface Log extends Piece {
	/* Told again when the panel has become visible. */
	look(): void;
	/* Beneath what was said: cards. */
	below: HTMLElement;
}

export function makeLog(stage: Stage): Log {
	const { chat, speech } = stage;
	const welcome = el("div", { class: "welcome" }, el("p", { dir: "auto" }));
	const earlier = textButton(speech.say("earlier"), () => void chat.loadOlder(), "small earlier");
	const bones = el("div", { class: "bones", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
	const lines = el("div", { class: "lines", role: "log", "aria-live": "off", "aria-label": speech.say("log") });
	const who = el("span");
	const typing = el("div", { class: "typing", "aria-hidden": "true" },
		el("span", { class: "dots" }, el("i"), el("i"), el("i")), who);
	const below = el("div");
	const box = el("div", { class: "log", tabindex: "0", role: "group", "aria-label": speech.say("chats") },
		welcome, earlier, bones, lines, typing, below);
	const jump = el("button", { class: "jump", type: "button", onclick: () => {
		toEnd();
		stage.focusWriting();
	} }, speech.say("newest"), strokes(DOWN));
	const element = el("div", { class: "middle" }, box, jump);
	let drawn = new Map<string, Line>();		/* in the order of the entries */
	const days = new Map<string, HTMLElement>();
	let thread: string | null = null;
	let settled = false;	/* what is drawn is history no longer: more of it is news */
	let stuck = true;	/* the end is on show, and stays so while things grow */
	let top = 0;		/* how far it was scrolled */
	let hush = 0;
	let told = "";

	function atEnd(): boolean {
		return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
	}

	function toEnd(): void {
		stuck = true;
		box.scrollTop = box.scrollHeight;
		show(jump, false);
	}

	/* What grows beneath takes nobody from the end: only who goes up leaves it. */
	function stays(): boolean {
		stuck = atEnd() || stuck && box.scrollTop >= top;
		top = box.scrollTop;
		return stuck;
	}

	function scrolled(): void {
		stays();
		look();
	}

	/* A card appears, a picture, the keyboard: who reads the end goes on reading it. */
	function grown(): void {
		if (stays() && chat.state.entries.length > 0)
			toEnd();
	}

	function look(): void {
		if (!chat.state.open && !chat.state.embed || document.visibilityState !== "visible" || !element.isConnected)
			return;
		if (!atEnd())
			return;
		show(jump, false);
		if (stage.page === "talk" && chat.state.entries.length > 0)
			chat.seen();
	}

	/* History is not news: the region is quiet while it comes in, and for as long as a reader may take to notice. */
	function quiet(on: boolean): void {
		clearTimeout(hush);
		if (on)
			lines.setAttribute("aria-live", "off");
		else if (lines.getAttribute("aria-live") !== "polite")
			hush = window.setTimeout(() => lines.setAttribute("aria-live", "polite"), HUSH_MS);
	}

	function dayLine(entry: Entry): HTMLElement {
		const day = new Date(entry.message.at).toDateString();
		let line = days.get(day);

		if (!line)
			days.set(day, line = el("div", { class: "day" }));
		say(line, speech.day(entry.message.at));
		return line;
	}

	function drawEntries(state: ChatState): void {
		const { entries } = state;
		const wanted: HTMLElement[] = [];

		const before = drawn;

		drawn = new Map();
		entries.forEach((entry, i) => {
			const line = before.get(entry.key) ?? new Line(stage, entry, settled);

			drawn.set(entry.key, line);
			line.draw(entry, { first: !together(entries[i - 1], entry), last: !together(entry, entries[i + 1]),
				newest: i === entries.length - 1 });
			if (i === 0 || !sameDay(entries[i - 1]!, entry))
				wanted.push(dayLine(entry));
			wanted.push(line.element);
		});
		arrange(lines, wanted);
	}

	/* Who reads the newest goes on with it; who reads older ones stays where he is, whatever comes above or below. */
	function drawAll(): void {
		const { entries, current, phase, loading } = chat.state;
		const newest = entries[entries.length - 1];
		const news = !!newest && !drawn.has(newest.key);
		const following = stays() || !settled || news && newest.message.author.me;
		const fromEnd = box.scrollHeight - box.scrollTop;
		const oldest = drawn.keys().next().value;

		if (current !== thread) {
			/* A new conversation is given its id with its first message: that is the same one. */
			settled &&= entries.some(entry => drawn.has(entry.key));
			thread = current;
		}
		quiet(loading || !settled);
		drawEntries(chat.state);
		settled = phase === "ready" && !loading;
		quiet(!settled);
		if (following && newest)
			toEnd();
		else if (entries[0]?.key !== oldest)
			box.scrollTop = box.scrollHeight - fromEnd;
		else
			show(jump, news || !jump.hidden);
	}

	function drawAround(state: ChatState): void {
		const { entries, loading, older, phase } = state;
		const starting = phase === "starting" || phase === "asleep";

		say(welcome.firstElementChild!, state.channel?.greeting || speech.say("hello"));
		show(welcome, !older && !loading && !starting && (entries.length === 0 || entries[0]!.message.channel === "widget"));
		show(earlier, older && !loading);
		show(bones, (loading || starting) && entries.length === 0);
		lines.setAttribute("aria-busy", String(loading));
	}

	/* Said once, however often the signs come. */
	function drawTyping(state: ChatState): void {
		const { typing: sign } = state;
		const text = sign ? speech.say("typing", { name: plainName(sign.name ?? state.channel?.title ?? "") }) : "";

		show(typing, !!sign);
		say(who, text);
		if (text !== told)
			stage.tell(told = text);
	}

	const sizes = new ResizeObserver(grown);
	for (const part of [box, lines, typing, below])
		sizes.observe(part);
	box.addEventListener("scroll", scrolled, { passive: true });
	document.addEventListener("visibilitychange", look);
	show(jump, false);
	return {
		element, below, look,
		draw(parts: ReadonlySet<Part>) {
			if (parts.has("session") || parts.has("entries"))
				drawAround(chat.state);
			if (parts.has("session") || parts.has("entries") || parts.has("look"))
				drawAll();
			drawTyping(chat.state);
			look();
		},
		end() {
			clearTimeout(hush);
			sizes.disconnect();
			document.removeEventListener("visibilitychange", look);
		},
	};
}

function sameDay(one: Entry, other: Entry): boolean {
	return daysBetween(new Date(one.message.at), new Date(other.message.at)) === 0;
}

function together(one: Entry | undefined, other: Entry | undefined): boolean {
	if (!one || !other || !sameDay(one, other))
		return false;
	const [a, b] = [one.message, other.message];
	return a.author.me === b.author.me && a.author.kind === b.author.kind && a.author.name === b.author.name &&
		a.channel === b.channel && Date.parse(b.at) - Date.parse(a.at) < GROUP_MS;
}
