/* explain.ts - a decision with its reason: which rule, which conditions, what they found */
import { at, get, part } from "./api";
import { code, el, facts, mark, time } from "./dom";
import type { Child } from "./dom";
import { link } from "./page";
import { action, value } from "./say";
import type { Condition, Decision, RuleTrace } from "./types";

function condition(c: Condition): HTMLLIElement {
	if (c.of)
		return el("li", { class: c.ok ? "yes" : "no" }, el("span", {}, c.cond ?? ""), el("ul", {}, ...c.of.map(condition)));
	if (!c.cond)
		return el("li", {}, c.note ?? "");
	return el("li", { class: c.ok ? "yes" : "no" }, el("b", {}, c.ok ? "✓ " : "✗ "), el("code", {}, c.cond), " wants ", el("code", {}, c.want ?? ""),
		  ", has ", el("code", {}, value(c.got).slice(0, 300)), c.note ? ` (${c.note})` : "");
}

function base(file: string | null | undefined): string {
	return (file ?? "").split("/").pop()!;
}

function rule(trace: RuleTrace): HTMLElement {
	const unreached = !trace.matched && trace.why.length > 0 && !trace.why[0]!.cond;

	return el("details", { class: "rule" + (unreached ? " off" : ""), open: trace.matched },
		  el("summary", {}, mark(trace.matched ? "match" : unreached ? "not looked at" : "no match", trace.matched ? "good" : "off"),
		     ` ${trace.rule} `, el("small", {}, trace.line ? `${base(trace.file)}:${trace.line}` : "")),
		  el("ul", { class: "why" }, ...trace.why.map(condition)));
}

export function outcome(decision: { action: string }): HTMLElement {
	const [word, kind] = action(decision.action);

	return mark(word, kind);
}

export function decisionView(decision: Decision): HTMLElement {
	const known = decision.facts ?? {};
	const file = decision.line ? `${decision.file ?? ""}:${decision.line}` : null;
	const rules = decision.trace ?? [];

	return el("section", { class: "decision" },
		  el("p", { class: "head" }, outcome(decision), decision.rule ? ` by “${decision.rule}”` : ` ${nobody(decision)}`,
		     " ", time(decision.at)),
		  facts(["asked on", decision.on], ["proposal", [decision.proposal, decision.proposal_reason].filter(Boolean).join(": ")],
			["intent", known.intent ? value(known.intent) : null], ["to change it", code(file && "edit " + file)],
			["note", decision.note ?? null]),
		  ...rules.map(rule),
		  decision.facts ? el("details", {}, el("summary", {}, "All facts"),
				      facts(...Object.entries(known).map(([k, v]): [string, Child] => [k, el("code", {}, value(v))]))) : "");
}

function nobody(decision: Decision): string {
	if (decision.on === "answer")
		return "it answers a question of the gateway’s, so no rule is asked";
	if (decision.on === "consent")
		return "it says whether the customer wants messages, so no rule is asked";
	return decision.action === "none" || decision.on === "message" ? "no rule decided" : "no rule decided, so the default or a deadline did";
}

/* What followed a message, or all that was decided of a thread. */
export async function explained(of: { message?: string | null | undefined; thread?: string | undefined }, signal?: AbortSignal): Promise<HTMLElement> {
	const path = of.message ? `/v1/messages/${part(of.message)}/explain` : `/v1/threads/${part(of.thread ?? "")}/explain`;
	const { decisions } = await get<{ decisions: Decision[] }>(at(path), signal);

	return el("div", { class: "explain" }, of.thread ? el("p", {}, el("a", { href: link("threads", [of.thread]) }, "Open the conversation")) : "",
		  ...(decisions.length ? decisions.map(decisionView) : [el("p", { class: "empty" }, "Nothing was decided here.")]));
}
