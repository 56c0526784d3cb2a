/* channels.ts - each way in and out: how it is, its webhook URL, and what one does about it */
import { call, get, part } from "../api";
import { ask, button, complain, copy, doing, el, facts, mark, sheet, tell, textField, time } from "../dom";
import type { Child } from "../dom";
import { settled, hear } from "../live";
import { may } from "../page";
import type { Context, Page } from "../page";
import { qrView } from "../qrview";
import { ago, stateMark, value } from "../say";
import type { Session, Time } from "../types";

interface Channel {
	name: string;
	adapter: string;
	shadow?: boolean;
	state: string;
	condition: string;
	since: Time | null;
	error?: string;
	last_in: Time | null;
	last_out: Time | null;
	messages: number;
	sent: number;
	failed: number;
	refused: number;
	webhooks?: string[];
	capabilities?: string[];
	paused?: { since: Time; by: string; reason: string | null } | null;
	queue?: { waiting: number; sending: number; unknown: number; parked: number; oldest: Time | null };
	dead_letters?: number;
}

async function pause(c: Channel): Promise<boolean> {
	const reason = textField("Why", "", { maxlength: "500" }, "Shown wherever the channel is.");

	if (!await ask(`Pause ${c.name}`, [el("p", {}, "Nothing is sent or fetched there until it goes on; what comes in is still stored, and what waits is sent then."), reason.row], "Pause"))
		return false;
	await call("POST", `/v1/channels/${part(c.name)}/pause`, { reason: reason.input.value.trim() || null });
	tell(`${c.name} is paused.`);
	return true;
}

async function probe(c: Channel): Promise<void> {
	const found = await call<Record<string, unknown>>("POST", `/v1/channels/${part(c.name)}/probe`, {});

	sheet(`Probe of ${c.name}`, facts(...Object.entries(found.probe ?? found).map(([k, v]): [string, Child] => [k, value(v)])));
}

async function askFor(c: Channel): Promise<void> {
	const since = textField("Since", "1h", {}, "A span, a day or a time; empty: where it got to last.");

	if (!await ask(`Ask ${c.name}`, [el("p", {}, "The channel looks for messages its provider has and that did not come. What is known is not taken twice."), since.row], "Ask"))
		return;
	await call("POST", `/v1/channels/${part(c.name)}/ask`, { since: since.input.value.trim() || null });
	tell(`${c.name} is asked.`);
}

function actions(c: Channel, session: Session, load: () => Promise<void>): HTMLElement | string {
	if (!may(session, "operate"))
		return "";
	const named = { "aria-label": "" };
	const label = (what: string): Record<string, string> => ({ ...named, "aria-label": `${what} ${c.name}` });

	return el("div", { class: "actions" }, c.paused ? doing("Go on", async () => {
		await call("POST", `/v1/channels/${part(c.name)}/resume`, {});
		tell(`${c.name} goes on.`);
		await load();
	}, "main", label("Go on with")) : doing("Pause …", async () => {
		if (await pause(c))
			await load();
	}, "", label("Pause")), doing("Probe", () => probe(c), "", label("Probe")), doing("Ask …", () => askFor(c), "", label("Ask")));
}

function card(c: Channel, session: Session, load: () => Promise<void>): HTMLElement {
	const q = c.queue;
	/* What customers may open themselves: the chat page of a widget. */
	const way = c.adapter === "widget" && session.public_url ? `${session.public_url}/chat/${c.name}` : null;

	return el("section", { class: "card", "aria-label": c.name },
		  el("header", {}, el("h2", {}, c.name, " ", el("small", {}, c.adapter)),
		     c.paused ? mark("paused", "wait") : mark(c.condition === "up" ? "up" : `${c.condition}, ${c.state}`, stateMark(c.condition))),
		  c.error ? el("p", { class: "wrong" }, c.error) : "",
		  facts(["on trial", c.shadow ? "yes: nothing of it leaves" : null], ["since", c.since ? `${ago(c.since)}` : null],
			["paused", c.paused ? `${ago(c.paused.since)} by ${c.paused.by}${c.paused.reason ? `: ${c.paused.reason}` : ""}` : null],
			["last in", time(c.last_in)], ["last out", time(c.last_out)],
			["in, out", `${c.messages}, ${c.sent}${c.failed ? `, ${c.failed} failed` : ""}${c.refused ? `, ${c.refused} refused` : ""}`],
			["queue", q && (q.waiting || q.sending || q.unknown || q.parked) ?
				`${q.waiting} wait, ${q.sending} under way${q.unknown ? `, ${q.unknown} in doubt` : ""}${q.parked ? `, ${q.parked} parked` : ""}${q.oldest ? `, oldest ${ago(q.oldest)}` : ""}` : null],
			["dead letters", c.dead_letters ? el("a", { href: "#/dead" }, String(c.dead_letters)) : null],
			...(c.webhooks ?? []).map((url): [string, Child] => ["webhook", el("span", {}, el("code", {}, url), " ", button("Copy", () => copy(url).catch(complain),
				"quiet", { "aria-label": `Copy ${url}` }))]),
			["way in", way ? el("span", {}, el("code", {}, way), " ", button("QR", () => sheet(`Way in to ${c.name}`, qrView(way), el("p", {}, el("code", {}, way))),
				"quiet", { "aria-label": `QR code of ${c.name}` })) : null],
			["can", c.capabilities?.join(", ") ?? null]),
		  actions(c, session, load));
}

function open({ root, session, signal }: Context): void {
	const cards = el("div", { class: "cards" });
	let said = "";
	const load = async (): Promise<void> => {
		const { channels } = await get<{ channels: Channel[] }>("/v1/channels", signal);
		const text = JSON.stringify(channels);

		/* Drawn anew only when something changed, so that a button keeps its focus. */
		if (text === said)
			return;
		said = text;
		const focus = document.activeElement?.getAttribute("aria-label");
		cards.replaceChildren(...channels.map(c => card(c, session, load)));
		if (focus)
			cards.querySelector<HTMLElement>(`[aria-label="${CSS.escape(focus)}"]`)?.focus();
	};
	const look = settled(load, 1500);

	root.append(cards);
	load().catch(complain);
	hear(event => (!event || /^(channel|message)\./.test(event.type)) && look(), signal);
	const timer = setInterval(() => document.hidden || look(), 10000);
	signal.addEventListener("abort", () => clearInterval(timer));
}

export const channelsPage: Page = { name: "channels", title: "Channels", key: "c", open };
