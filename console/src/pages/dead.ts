/* dead.ts - what was given up on: looked at as it would be sent, tried again, changed, or let go with a reason */
import { at, call, get } from "../api";
import { areaField, ask, complain, doing, el, facts, mark, tell, textField, time } from "../dom";
import { pageKeys } from "../keys";
import { List } from "../list";
import { hear, settled } from "../live";
import { link, may } from "../page";
import type { Context, Page } from "../page";
import type { Time } from "../types";

interface Letter {
	number: number;
	target: string;
	name: string;
	attempts: number;
	created: Time;
	given_up: Time;
	error: string | null;
	error_code?: number;
	editable: boolean;
	edited?: boolean;
	thread_id?: string;
	event_type?: string;
	payload?: Record<string, unknown>;
}

function where(l: Letter): string {
	return `/v1/dead-letters/${l.number}`;
}

/* An event's data is JSON, an answer's text is text: what is changed is what would be sent. */
async function edit(l: Letter): Promise<boolean> {
	const { dead_letter: whole } = await get<{ dead_letter: Letter }>(where(l));
	const isEvent = l.target === "backend";
	const old = isEvent ? JSON.stringify(whole.payload?.data ?? {}, null, 2) : String(whole.payload?.text ?? "");
	const field = areaField(isEvent ? "Data (JSON)" : "Text", old, 14);
	const wrong = (): string | null => {
		try {
			if (isEvent)
				JSON.parse(field.input.value);
			return field.input.value.trim() ? null : "It is empty.";
		} catch (error) {
			return (error as Error).message;
		}
	};

	if (!await ask(`Change ${l.name} ${l.number}`, [field.row, el("p", { class: "minor" }, "The audit keeps the hashes of both. It is sent when it is retried.")],
		       "Keep the change", "main", wrong))
		return false;
	await call("PATCH", where(l), isEvent ? { data: JSON.parse(field.input.value) } : { text: field.input.value });
	tell("Changed. Retry sends it.");
	return true;
}

async function discard(l: Letter): Promise<boolean> {
	const reason = textField("Why", "", { maxlength: "500", required: true }, "Kept in the audit. What waits behind it goes on.");

	if (!await ask(`Discard ${l.name} ${l.number}`, [el("p", {}, "It will never be sent."), reason.row], "Discard", "danger",
		       () => reason.input.value.trim() ? null : "Say why."))
		return false;
	await call("POST", where(l) + "/discard", { reason: reason.input.value.trim() });
	tell("Discarded.");
	return true;
}

async function retry(l: Letter): Promise<void> {
	await call("POST", where(l) + "/retry", {});
	tell(`${l.number} is tried again.`);
}

async function shown(l: Letter, signal: AbortSignal): Promise<HTMLElement> {
	const { dead_letter: d } = await get<{ dead_letter: Letter }>(where(l), signal);

	return el("div", {}, facts(["last answer", `${d.error ?? ""}${d.error_code ? ` (${d.error_code})` : ""}`], ["attempts", String(d.attempts)],
				   ["made", time(d.created)], ["changed", d.edited ? mark("yes, by hand", "wait") : null]),
		  el("h3", {}, "As it would be sent"), el("pre", { tabindex: 0 }, JSON.stringify(d.payload ?? null, null, 2)));
}

function open({ root, bar, session, signal }: Context): void {
	let rows: Letter[] = [], next = 0;
	const allowed = may(session, "operate");
	const after = async (done: Promise<boolean>): Promise<void> => {
		if (await done)
			await load(false);
	};
	const list = new List<Letter>({
		caption: "Dead letters", key: l => String(l.number), none: "Nothing was given up on.",
		columns: [
			{ name: "Given up", kind: "when", cell: l => time(l.given_up) },
			{ name: "To", kind: "who", cell: l => `${l.target} ${l.name}` },
			{ name: "What", kind: "minor", cell: l => l.event_type ?? "" },
			{ name: "Last answer", kind: "wide", cell: l => l.error ?? "" },
			{ name: "Tries", kind: "num", cell: l => String(l.attempts) },
			{ name: "", cell: l => el("span", { class: "acts" }, l.thread_id ? el("a", { href: link("threads", [l.thread_id]) }, "Open") : "",
				...(allowed ? [doing("Retry", async () => {
					await retry(l);
					await load(false);
				}, "", { "aria-label": `Retry ${l.number}` }), l.editable ? doing("Edit", () => after(edit(l)), "", { "aria-label": `Edit ${l.number}` }) : "",
				doing("Discard", () => after(discard(l)), "", { "aria-label": `Discard ${l.number}` })] : [])) },
		],
		detail: l => shown(l, signal),
		more: () => load(true),
	});
	const all = doing("Retry all …", async () => {
		if (!await ask("Retry all", [el("p", {}, "All dead letters are tried again, each with its own id: what arrived already is not done twice.")], "Retry them"))
			return;
		for (let more = true, n = 0; more;) {
			const did = await call<{ retried: number; more: boolean }>("POST", "/v1/dead-letters/retry", {});
			n += did.retried;
			more = did.more && did.retried > 0;
			if (!more)
				tell(`${n} are tried again.`);
		}
		await load(false);
	});

	async function load(further: boolean): Promise<void> {
		const answer = await get<{ dead_letters: Letter[]; next?: number }>(at("/v1/dead-letters", { limit: 100, after: further ? next : "" }), signal);

		rows = further ? rows.concat(answer.dead_letters) : answer.dead_letters;
		next = answer.next ?? 0;
		all.hidden = !allowed || !rows.length;
		list.set(rows, !!next);
	}
	bar.append(all);
	root.append(list.element);
	pageKeys(list.keys());
	load(false).catch(complain);
	const look = settled(() => load(false), 2000);
	hear(() => look(), signal);
}

export const deadPage: Page = { name: "dead", title: "Dead letters", key: "x", open };
