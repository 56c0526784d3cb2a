/* contacts.ts - people: found, looked at, merged and parted again, blocked, handed out whole, erased with proof */
import { at, call, get, part } from "../api";
import { ask, choice, code, complain, doing, el, empty, facts, mark, sheet, show, tell, textField, time } from "../dom";
import type { Child } from "../dom";
import { pageKeys } from "../keys";
import { List } from "../list";
import { settled } from "../live";
import { link, may, renew } from "../page";
import type { Context, Page, Where } from "../page";
import { address, stateMark, value } from "../say";
import type { Contact, Session, Time } from "../types";

interface Merge {
	contact: string;
	into: string;
	at: Time;
	why: string;
	undone_at: Time | null;
}

interface Whole extends Contact {
	created_at: Time;
	merged_into: string | null;
	merges: Merge[];
	consents: Record<string, unknown>[];
	threads: { id: string; state: string; channel: string | null; subject: string | null; messages: number; last_activity_at: Time; ticket: string | null }[];
	threads_next?: string | null;
	erased_at?: Time | null;
}

function nameOf(c: Contact): string {
	return c.name || address(c.addresses[0]?.uri) || c.id;
}

async function merge(c: Whole): Promise<boolean> {
	const into = textField("Into", "", { placeholder: "con_…", required: true }, "The id of who stays. All addresses and conversations go along; unmerge undoes it.");

	if (!await ask(`Merge ${nameOf(c)}`, [into.row], "Merge", "main", () => into.input.value.trim() ? null : "Into whom?"))
		return false;
	await call("POST", `/v1/contacts/${part(c.id)}/merge`, { into: into.input.value.trim() });
	tell("Merged.");
	return true;
}

async function block(c: Whole): Promise<boolean> {
	const reason = textField("Why", "", { maxlength: "500" });
	const span = choice("For", [["", "ever, until unblocked"], ["1d", "a day"], ["7d", "a week"], ["30d", "30 days"]]);

	if (!await ask(`Block ${nameOf(c)}`, [el("p", {}, "What he writes is kept as noise, answered by nobody, and becomes no ticket. His STOP is still heard."), reason.row, span.row],
		       "Block", "danger"))
		return false;
	await call("POST", `/v1/contacts/${part(c.id)}/block`, { ...(reason.input.value.trim() ? { reason: reason.input.value.trim() } : {}),
		...(span.input.value ? { for: span.input.value } : {}) });
	tell("Blocked.");
	return true;
}

async function erase(c: Whole): Promise<boolean> {
	const confirm = textField(`Type ${c.id}`, "", { required: true });

	if (!await ask(`Erase ${nameOf(c)}`, [el("p", {}, "Texts, names, addresses and files of this person go, here and in the journal, for good. Counts and times stay. There is no way back."), confirm.row],
		       "Erase for good", "danger", () => confirm.input.value.trim() === c.id ? null : "That is not the id."))
		return false;
	const proof = await call<Record<string, unknown>>("POST", `/v1/contacts/${part(c.id)}/erase`, { confirm: c.id });
	sheet("Erasing", el("p", {}, "Keep this: under its id GET /v1/erasures has the proof of what was removed where, and what is left to do."), el("pre", { tabindex: 0 }, JSON.stringify(proof, null, 2)));
	return true;
}

function actions(c: Whole, session: Session, again: () => void): HTMLElement | string {
	if (!may(session, "contacts") || c.erased_at)
		return "";
	const then = (work: Promise<boolean>): Promise<void> => work.then(done => done ? again() : undefined);
	const path = `/v1/contacts/${part(c.id)}`;

	return el("div", { class: "actions" },
		c.merged_into ? doing("Unmerge", async () => {
			await call("POST", path + "/unmerge", {});
			again();
		}) : doing("Merge …", () => then(merge(c))),
		c.blocked ? doing("Unblock", async () => {
			await call("POST", path + "/unblock", {});
			again();
		}) : doing("Block …", () => then(block(c))),
		el("a", { href: path + "/export", download: `${c.id}.jsonl` }, "Export"),
		may(session, "erase") ? doing("Erase …", () => then(erase(c)), "danger") : "");
}

function view(c: Whole, session: Session, again: () => void): HTMLElement {
	return el("div", { class: "contact" }, el("h2", {}, nameOf(c)),
		el("p", {}, c.blocked ? mark("blocked", "bad") : "", " ", c.opted_out ? mark("wants no messages", "wait") : "", " ",
		   c.conflicted ? mark("an address is proven to be somebody else’s too", "wait") : "", c.erased_at ? mark("erased", "off") : ""),
		actions(c, session, again),
		facts(["id", code(c.id)], ["known as", c.external_id], ["tier", c.tier], ["language", c.locale], ["first seen", time(c.created_at)],
		      ["blocked", c.blocked ? el("span", {}, time(c.blocked.since), c.blocked.until ? el("span", {}, " until ", time(c.blocked.until)) : "", c.blocked.reason ? `: ${c.blocked.reason}` : "") : null],
		      ["part of", c.merged_into ? el("a", { href: link("contacts", [c.merged_into]) }, c.merged_into) : null],
		      ["tags", c.tags.join(", ")], ...Object.entries(c.fields).map(([k, v]): [string, Child] => [k, value(v)])),
		el("h3", {}, "Addresses"), el("ul", { class: "plain" }, ...c.addresses.map(a => el("li", {}, address(a.uri), " ", mark(a.proof, a.proof === "proven" ? "good" : "wait")))),
		c.consents.length ? el("h3", {}, "Consent") : "",
		...c.consents.map(k => facts(...Object.entries(k).map(([name, v]): [string, Child] => [name, value(v)]))),
		c.merges.length ? el("h3", {}, "Merges") : "",
		el("ul", { class: "plain" }, ...c.merges.map(m => el("li", {}, time(m.at), ` ${m.contact} into ${m.into}: ${m.why}`, m.undone_at ? " (undone)" : ""))),
		el("h3", {}, "Conversations"), c.threads.length ? el("ul", { class: "plain" }, ...c.threads.map(t =>
			el("li", {}, time(t.last_activity_at), " ", el("a", { href: link("threads", [t.id]) }, t.ticket ?? t.subject ?? t.id), ` ${t.channel ?? ""} `, mark(t.state, stateMark(t.state)))))
			: empty("None."));
}

function open({ root, bar, session, signal, where }: Context): (where: Where) => void {
	let rows: Contact[] = [], next = "", here = where;
	const search = el("input", { type: "search", placeholder: "Name, address, id", "aria-label": "Search contacts" });
	const conflicted = choice("Which", [["", "all"], ["true", "in conflict"]]);
	const beside = el("div", { class: "beside" });
	const words = (): Record<string, string> => ({ q: search.value.trim(), conflicted: conflicted.input.value });
	const list = new List<Contact>({
		caption: "Contacts", key: c => c.id, none: "Nobody fits.", href: c => link("contacts", [c.id], words()),
		columns: [
			{ name: "Name", kind: "who", cell: nameOf },
			{ name: "Addresses", kind: "wide", cell: c => c.addresses.map(a => address(a.uri)).join(", ") },
			{ name: "Known as", kind: "minor", cell: c => c.external_id },
			{ name: "State", cell: c => c.blocked ? mark("blocked", "bad") : c.opted_out ? mark("opted out", "wait") : "" },
		],
		more: () => load(true),
	});

	async function load(further: boolean): Promise<void> {
		const answer = await get<{ contacts: Contact[]; next?: string }>(at("/v1/contacts", { ...words(), limit: 50, after: further ? next : "" }), signal);

		rows = further ? rows.concat(answer.contacts) : answer.contacts;
		next = answer.next ?? "";
		list.set(rows, !!next);
	}
	async function showOne(id: string): Promise<void> {
		const { contact } = await get<{ contact: Whole }>(`/v1/contacts/${part(id)}`, signal);

		if (here.path[0] === id)
			beside.replaceChildren(el("a", { class: "back", href: link("contacts", [], words()) }, "‹ All contacts"),
					       view(contact, session, () => showOne(id).catch(complain)));
	}
	function take(to: Where): void {
		const id = to.path[0] ?? "";

		here = to;
		list.choose(id);
		root.classList.toggle("open", !!id);
		show(beside, !!id);
		beside.replaceChildren();
		if (id)
			showOne(id).catch(complain);
	}
	const again = settled(async () => {
		renew("contacts", here.path, words());
		await load(false).catch(complain);
	}, 300);

	search.value = where.query.get("q") ?? "";
	conflicted.input.value = where.query.get("conflicted") ?? "";
	conflicted.row.classList.add("inline");
	search.addEventListener("input", again);
	conflicted.input.addEventListener("input", again);
	bar.append(search, conflicted.row);
	root.classList.add("threads");
	root.append(list.element, beside);
	pageKeys(list.keys());
	load(false).catch(complain);
	take(where);
	return take;
}

export const contactsPage: Page = { name: "contacts", title: "Contacts", key: "o", open };
