/* rules.ts - what decides: the rules in force and how often each did, a text tried, and a week judged again by edited rules */
import { at, call, get, long, Problem } from "../api";
import { areaField, button, choice, complain, copy, doing, el, empty, facts, findingList, mark, say, show, textField, time } from "../dom";
import type { Child } from "../dom";
import { decisionView } from "../explain";
import { pageKeys } from "../keys";
import { List } from "../list";
import { link, may, renew } from "../page";
import type { Context, Page } from "../page";
import { action, percent } from "../say";
import type { RuleTrace, Time } from "../types";

interface Rule {
	name: string;
	file: string;
	line: number;
	text: string | null;
	decided: number;
	last: Time | null;
}

interface Rules {
	file: string;
	default: string;
	counted: { since: Time; decisions: number; complete: boolean };
	rules: Rule[];
}

interface Tried {
	action: string;
	rule: string | null;
	file: string | null;
	line: number;
	tags: string[];
	replies: string[];
	priority?: string;
	category?: string;
	queue?: string;
	skill?: string;
	assignee?: string;
	backend?: string;
	facts: Record<string, unknown>;
	trace: RuleTrace[];
}

interface Change {
	thread_id: string;
	at: Time;
	on: string;
	from: string;
	to: string;
	rule: string | null;
}

interface Replay {
	since: Time;
	until: Time;
	complete: boolean;
	decisions: number;
	changed: number;
	other_rule: number;
	not_judged: number;
	conversations: number;
	changed_conversations: number;
	steps: { from: string; to: string; decisions: number }[];
	channels: { channel: string; conversations: number; tickets_before: number; tickets_after: number; band_before: string; band_after: string }[];
	changes: Change[];
}

const ADMIN_HINT = "headgate reads rules from its files only: what you like here goes into the file, and a reload takes it over.";

function base(r: Rule): string {
	return `${r.file.split("/").pop()}:${r.line}`;
}

/* "wait", "not asked": words of the gateway that are no marks elsewhere. */
function stepMark(word: string): HTMLElement {
	return word === "not asked" ? mark(word, "off") : mark(...action(word));
}

function list(signal: AbortSignal): { element: HTMLElement; load: () => Promise<Rules>; keys: () => [string, string, () => void][] } {
	const counted = el("p", { class: "minor", role: "status" });
	const made = new List<Rule & { number: number }>({
		caption: "Rules, in the order they are asked", key: r => `${r.number}`, none: "The configuration has no rules: default decides.",
		columns: [
			{ name: "", kind: "num", cell: r => String(r.number) },
			{ name: "Rule", kind: "wide", cell: r => r.name },
			{ name: "Decided", kind: "num", cell: r => String(r.decided) },
			{ name: "Last", kind: "when", cell: r => time(r.last) ?? "-" },
			{ name: "Stands in", kind: "minor", cell: r => el("span", { title: `${r.file}:${r.line}` }, base(r)) },
		],
		detail: r => el("div", {}, el("p", {}, el("code", {}, `${r.file}:${r.line}`), " ", button("Copy", () => copy(`${r.file}:${r.line}`).catch(complain), "quiet",
			{ "aria-label": `Copy the place of ${r.name}` }), " ", el("a", { href: link("live", [], { q: r.name }) }, "What it decided")),
			el("pre", { tabindex: 0 }, r.text ?? "")),
	});

	return { element: el("section", {}, el("h2", {}, "In force"), counted, made.element), keys: () => made.keys(), load: async () => {
		const answer = await get<Rules>(at("/v1/rules", { since: "30d" }), signal);

		say(counted, `Of ${answer.counted.complete ? "" : "the newest "}${answer.counted.decisions} decisions in 30 days. What no rule decides: default ${answer.default}.` +
			" Rules that only add a tag, a field or a text decide nothing.");
		made.set(answer.rules.map((r, i) => ({ ...r, number: i + 1 })), false);
		return answer;
	} };
}

/* What was refused has its lines; all else is complained of as anywhere. */
function refused(box: HTMLElement, error: unknown): void {
	if (!(error instanceof Problem) || !error.findings.length)
		throw error;
	box.replaceChildren(el("p", { class: "wrong", role: "alert" }, "These rules have errors, so nothing was judged."), findingList(error.findings));
}

function outcomeOf(t: Tried): HTMLElement {
	const extras: [string, Child][] = (["priority", "category", "queue", "skill", "assignee", "backend"] as const).map(k => [k, t[k] ?? null]);

	return el("div", { class: "explain" }, facts(...extras, ["tags", t.tags.join(", ")], ...t.replies.map((r): [string, Child] => ["answers", r])),
		  decisionView({ at: new Date().toISOString(), on: "message", config_hash: null, ...t }));
}

function tryPart(channels: string[], rules: () => string | null): HTMLElement {
	const text = areaField("What a customer writes", "", 3), outcome = el("div", { class: "outcome", "aria-live": "polite" });
	const channel = choice("Channel", channels.map((c): [string, string] => [c, c]), channels[0]);
	const from = textField("From", "", { maxlength: "500", placeholder: "+15550100" }, "An address; somebody who never wrote.");
	const judge = doing("Try it", async () => {
		const other = rules();

		outcome.replaceChildren();
		try {
			outcome.replaceChildren(outcomeOf(await call<Tried>("POST", "/v1/rules/try", { text: text.input.value, channel: channel.input.value,
				from: from.input.value.trim() || null, rules: other })));
		} catch (error) {
			refused(outcome, error);
		}
	}, "main");

	text.input.addEventListener("keydown", event => {
		if (event.key === "Enter" && (event.ctrlKey || event.metaKey))
			judge.click();
	});
	return el("section", {}, el("h2", {}, "Try a text"), text.row, el("div", { class: "fields" }, channel.row, from.row), el("div", { class: "actions" }, judge), outcome);
}

function replayed(r: Replay): HTMLElement {
	const changes = new List<Change>({
		caption: "What changes", key: c => `${c.thread_id} ${c.at} ${c.on}`, none: "Nothing changes.",
		columns: [
			{ name: "When", kind: "when", cell: c => time(c.at) },
			{ name: "Was", cell: c => stepMark(c.from) },
			{ name: "Becomes", cell: c => stepMark(c.to) },
			{ name: "By", kind: "wide", cell: c => c.rule ?? "no rule" },
			{ name: "Asked on", kind: "minor", cell: c => c.on },
		],
		href: c => link("threads", [c.thread_id]),
	});

	changes.set(r.changes, false);
	return el("div", {}, el("p", {}, el("b", {}, `${r.changed} of ${r.decisions} decisions change`), `, in ${r.changed_conversations} of ${r.conversations} conversations.` +
		(r.other_rule ? ` ${r.other_rule} come out the same by another rule.` : "") + (r.not_judged ? ` ${r.not_judged} could not be judged: their facts were not kept.` : "") +
		(r.complete ? "" : " There was more than one replay looks at: it ended early, at "), r.complete ? "" : time(r.until)),
		r.steps.length ? el("ul", { class: "plain steps" }, ...r.steps.map(s => el("li", {}, el("b", { class: "num" }, String(s.decisions)), " ", stepMark(s.from), " → ", stepMark(s.to)))) : "",
		r.channels.length ? facts(...r.channels.map((c): [string, Child] => [c.channel, `${c.tickets_before} → ${c.tickets_after} tickets of ${c.conversations} conversations, ` +
			`${percent(c.tickets_before / c.conversations)} (${c.band_before}) → ${percent(c.tickets_after / c.conversations)} (${c.band_after})`])) : "",
		changes.element, r.changed > r.changes.length ? el("p", { class: "minor" }, `and ${r.changed - r.changes.length} more`) : "");
}

function replayPart(rules: () => string | null, signal: AbortSignal): HTMLElement {
	const since = choice("What was decided in", [["24h", "a day"], ["7d", "a week"], ["30d", "30 days"]], "7d");
	const outcome = el("div", { class: "outcome" }), status = el("p", { class: "minor", role: "status" });

	return el("section", {}, el("h2", {}, "Replay"), el("p", { class: "minor" }, "Judges what came in again by the rules above, without effect."), since.row,
		  el("div", { class: "actions" }, doing("Replay", async () => {
			outcome.replaceChildren();
			say(status, "…");
			try {
				outcome.replaceChildren(replayed(await long<Replay>("/v1/rules/replay", { since: since.input.value, rules: rules(), limit: 200 },
					p => say(status, `${p.done} of ${p.of} decisions`), signal)));
			} catch (error) {
				refused(outcome, error);
			} finally {
				say(status, "");
			}
		}, "main")), status, outcome);
}

function open({ root, session, signal, where }: Context): void {
	if (!may(session, "operate")) {
		root.append(empty("Rules are for operators."));
		return;
	}
	const force = list(signal), bench = el("div", { class: "bench" });
	let inForce = "";
	const edited = areaField("Rules", "", 14, ADMIN_HINT), which = el("span", { class: "minor", role: "status" });
	const rules = (): string | null => edited.input.value.trim() && edited.input.value !== inForce ? edited.input.value : null;
	const back = button("As in force", () => {
		edited.input.value = inForce;
		note();
	}, "quiet");

	function note(): void {
		say(which, rules() ? "Edited: these are tried, and nothing else." : "As in force.");
		show(back, !!rules());
	}
	edited.input.spellcheck = false;
	edited.input.classList.add("source");
	edited.input.addEventListener("input", note);
	root.append(el("div", { class: "columns work" }, el("div", {}, force.element), bench));
	pageKeys(force.keys());
	Promise.all([force.load(), get<{ channels: { name: string }[] }>("/v1/channels", signal)]).then(([answer, { channels }]) => {
		inForce = edited.input.value = answer.rules.map(r => r.text ?? "").join("");
		note();
		bench.append(tryPart(channels.map(c => c.name), rules), el("section", {}, edited.row, el("div", { class: "actions" }, back, which)),
			     replayPart(rules, signal));
		const text = where.query.get("text");
		if (text) {
			bench.querySelector("textarea")!.value = text;
			renew("rules", [], {});
		}
	}, complain);
}

export const rulesPage: Page = { name: "rules", title: "Rules", key: "u", open };
