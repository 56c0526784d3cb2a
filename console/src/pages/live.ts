/* live.ts - the feed of decisions, newest first, each with its reason below */
import { at, get } from "../api";
import { button, choice, complain, el, empty, say, time } from "../dom";
import { explained, outcome } from "../explain";
import { pageKeys } from "../keys";
import { List } from "../list";
import { hear, settled } from "../live";
import { may } from "../page";
import type { Context, Page } from "../page";
import { oneLine, value } from "../say";
import type { Decision } from "../types";

const KEPT = 500;			/* rows: more are asked for by span elsewhere */
const LOOK_MS = 5000;			/* timers decide too, and not every decision has an event */

interface Answer {
	decisions: Decision[];
	next?: string;
}

function channelOf(d: Decision): string {
	return value(d.facts?.channel ?? "").replace("nothing", "");
}

function fits(d: Decision, words: string[], wanted: string): boolean {
	const all = [d.text, d.rule, d.action, channelOf(d), d.on, d.thread_id].join(" ").toLowerCase();

	return (!wanted || d.action === wanted) && words.every(word => all.includes(word));
}

function open({ root, bar, session, signal, where }: Context): void {
	let rows: Decision[] = [], newest = 0, oldest = "", held = false, fresh = 0;
	const search = el("input", { type: "search", placeholder: "Filter: text, rule, channel", "aria-label": "Filter", oninput: () => draw() });
	const kind = choice("Outcome", [["", "all outcomes"], ["convert", "ticket"], ["join", "joined"], ["hold", "held"], ["ignore", "noise"],
					["none", "waits"]]);
	const pause = button("Pause", () => {
		held = !held;
		pause.textContent = held ? "Go on" : "Pause";
		pause.setAttribute("aria-pressed", String(held));
		if (!held)
			look();
	}, "", { "aria-pressed": "false" });
	const count = el("span", { class: "minor", role: "status" });
	const list = new List<Decision>({
		caption: "Decisions, newest first", key: d => String(d.number), none: "Nothing was decided yet that fits. What comes in shows here at once.",
		columns: [
			{ name: "Time", kind: "when", cell: d => time(d.at) },
			{ name: "Channel", kind: "minor", cell: channelOf },
			{ name: "Message", kind: "wide", cell: d => d.text ? oneLine(d.text) : el("i", {}, `on ${d.on}`) },
			{ name: "Outcome", cell: outcome },
			{ name: "Rule", kind: "reason", cell: d => d.rule ?? el("i", {}, "none") },
		],
		detail: d => explained({ message: d.message_id, thread: d.thread_id }, signal),
		more: older,
	});
	const draw = (): void => {
		const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
		const shown = rows.filter(d => fits(d, words, kind.input.value));

		list.set(shown, !!oldest);
		say(count, `${shown.length} of ${rows.length}`);
	};
	async function older(): Promise<void> {
		const page = await get<Answer>(at("/v1/decisions", { order: "newest", limit: 100, before: oldest }), signal);

		rows = rows.concat(page.decisions);
		oldest = page.next ?? "";
		newest = newest || (rows[0]?.number ?? 0);
		draw();
	}
	async function news(): Promise<void> {
		if (held)
			return;
		const page = await get<Answer>(at("/v1/decisions", { after: newest, limit: 200 }), signal);

		if (!page.decisions.length)
			return;
		rows = page.decisions.reverse().concat(rows).slice(0, KEPT);
		newest = rows[0]!.number!;
		draw();
		if (page.next)
			look();
	}
	const look = settled(news);

	if (!may(session, "operate")) {
		root.append(empty("Decisions take the scope “operate”, which operators and admins have. Each conversation explains its own under Threads."));
		return;
	}
	search.value = where.query.get("q") ?? "";
	kind.input.addEventListener("change", draw);
	kind.row.classList.add("inline");
	bar.append(search, kind.row, pause, count);
	root.append(list.element);
	pageKeys([...list.keys(), ["p", "pause and go on", () => pause.click()]]);
	older().then(() => {
		hear(() => look(), signal);
		fresh = window.setInterval(() => document.hidden || look(), LOOK_MS);
		signal.addEventListener("abort", () => clearInterval(fresh));
	}, complain);
}

export const livePage: Page = { name: "live", title: "Live", key: "l", open };
