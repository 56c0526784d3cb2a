/* audit.ts - who did what, newest first, and whether it is still told as it was written */
import { at, get } from "../api";
import { code, complain, doing, el, empty, facts, mark, say, time } from "../dom";
import { pageKeys } from "../keys";
import { List } from "../list";
import { link, may, renew } from "../page";
import type { Context, Page } from "../page";
import { value } from "../say";
import type { Time } from "../types";

interface Row {
	id: string;
	number: number;
	at: Time;
	principal: string;
	capacity: string | null;
	action: string;
	object: { kind: string; id: string | null };
	outcome: string;
	request: string | null;
	source: string | null;
	facts: Record<string, unknown> | null;
	hash: string;
}

interface Check {
	whole: boolean;
	rows: number;
	expired: number;
	head: string;
	break: { number: number; id: string | null; what: string } | null;
}

const DEBOUNCE_MS = 300;

function good(row: Row): boolean {
	return row.outcome === "ok" || row.outcome === "begun";
}

/* Where the thing has a page, it is a way there. */
function thing(row: Row): Node | string {
	const { kind, id } = row.object;
	const pages: Record<string, string> = { thread: "threads", contact: "contacts" };

	if (!id)
		return kind;
	return pages[kind] ? el("a", { href: link(pages[kind]!, [id]) }, id) : `${kind} ${id}`;
}

function shown(row: Row): HTMLElement {
	return el("div", {}, facts(["number", String(row.number)], ["id", code(row.id)], ["who", row.principal], ["as", row.capacity],
				   ["thing", thing(row)], ["request", row.request], ["from", row.source],
				   ...Object.entries(row.facts ?? {}).map(([name, v]): [string, string] => [name, value(v)]), ["hash", code(row.hash)]));
}

function field(label: string, text: string): HTMLInputElement {
	const input = el("input", { type: "search", placeholder: label, "aria-label": label });

	input.value = text;
	return input;
}

function open({ where, root, bar, session, signal }: Context): void {
	if (!may(session, "audit")) {
		root.append(empty(`As ${session.role} you may not see who did what: it takes the role operator or admin.`));
		return;
	}
	let rows: Row[] = [], next = "", timer = 0;
	const fields = { principal: field("Who", where.query.get("principal") ?? ""), action: field("Action", where.query.get("action") ?? ""),
			 object: field("Id", where.query.get("object") ?? ""), since: field("Since, as 1d", where.query.get("since") ?? "") };
	const words = (): Record<string, string> =>
		Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value.trim()]));
	const summary = el("p", { class: "summary", role: "status" });
	const list = new List<Row>({
		caption: "Who did what, newest first", key: r => r.id, none: "Nobody did anything of that kind.",
		columns: [
			{ name: "When", kind: "when", cell: r => time(r.at) },
			{ name: "Who", kind: "who", cell: r => r.principal },
			{ name: "Did", cell: r => r.action },
			{ name: "To", kind: "wide", cell: r => r.object.id ?? "" },
			{ name: "Outcome", cell: r => mark(r.outcome, good(r) ? "good" : "bad") },
			{ name: "From", kind: "minor", cell: r => r.source },
		],
		detail: shown,
		more: () => load(true),
	});

	async function load(further: boolean): Promise<void> {
		const answer = await get<{ audits: Row[]; next?: string }>(at("/v1/audit", { ...words(), limit: 100, before: further ? next : "" }), signal);

		rows = further ? rows.concat(answer.audits) : answer.audits;
		next = answer.next ?? "";
		list.set(rows, !!next);
	}
	const again = (): void => {
		clearTimeout(timer);
		timer = window.setTimeout(() => {
			renew("audit", [], words());
			load(false).catch(complain);
		}, DEBOUNCE_MS);
	};
	const verify = doing("Verify", async () => {
		const check = await get<Check>("/v1/audit/verify", signal);

		say(summary, check.break ? `Broken: ${check.break.what}${check.break.id ? ` (${check.break.id})` : ""}.`
			: `All ${check.rows} rows are as they were written; the last hash is ${check.head}.`);
	});

	for (const input of Object.values(fields)) {
		input.addEventListener("input", again);
		bar.append(input);
	}
	bar.append(verify);
	root.append(summary, list.element);
	pageKeys(list.keys());
	load(false).catch(complain);
}

export const auditPage: Page = { name: "audit", title: "Audit", key: "a", open };
