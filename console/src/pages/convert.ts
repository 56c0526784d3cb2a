/* convert.ts - the panel beside a conversation: who asks, what for, and what becomes of it */
import { call, get, part } from "../api";
import { ask, busy, choice, doing, el, facts, mark, textField, tell, time } from "../dom";
import type { Child, Field } from "../dom";
import { agentOf, go, link, may } from "../page";
import { safeUrl } from "../../../widget/src/view/links";
import { address, stateMark, value } from "../say";
import type { Contact, Session, Thread, Ticket } from "../types";

type Fields = Record<string, Field<HTMLInputElement | HTMLSelectElement>>;

function values(fields: Fields): Record<string, string> {
	return Object.fromEntries(Object.entries(fields).map(([name, field]): [string, string] => [name, field.input.value.trim()])
		.filter(([, v]) => v));
}

function claimed(contact: Contact | null): string {
	return contact?.email ?? (typeof contact?.fields.claimed_email === "string" ? contact.fields.claimed_email : "");
}

/* ---- who ---- */

function person(thread: Thread): HTMLElement {
	const contact = thread.contact;

	return el("section", {}, el("h2", {}, "Contact"), facts(
		["name", contact ? el("a", { href: link("contacts", [contact.id]) }, contact.name ?? address(contact.addresses[0]?.uri) ?? contact.id) : null],
		["writes from", address(thread.reply_to)], ["to", address(thread.channel_address)],
		["e-mail", contact?.email ?? null], ["phone", contact?.phone ?? null], ["known as", contact?.external_id ?? null],
		["tier", contact?.tier ?? null], ["wants no messages", contact?.opted_out ? mark("opted out", "bad") : null],
		["conflict", contact?.conflicted ? mark("two people may share an address", "wait") : null]));
}

/* The conversation it was joined into, or null. */
function joinedInto(thread: Thread): string | null {
	return /^joined:(thr_[0-9a-z]+)$/.exec(thread.key ?? "")?.[1] ?? null;
}

async function join(thread: Thread, into: Thread, agent: string): Promise<void> {
	const name = into.ticket?.number ?? into.id;

	if (!await ask(`Join into ${name}`, [el("p", {}, `The helpdesk gets what was said here as part of ${name}, in order. This conversation ends, and what the customer says next goes there.`)], "Join"))
		return;
	await call("POST", `/v1/threads/${part(thread.id)}/join`, { into: into.id, agent });
	tell(`It is part of ${name} now.`);
	go(link("threads", [into.id]));
}

/* What else of the same person is open: before another ticket is made one sees the one there is. */
function others(thread: Thread, agent: string, allowed: boolean, signal: AbortSignal): HTMLElement {
	const takes = (t: Thread): boolean => allowed && thread.state === "open" && !thread.ticket && t.state === "converted" && !!t.ticket;
	const box = el("section", { hidden: true });

	if (thread.contact)
		get<{ threads: Thread[] }>(`/v1/threads?contact=${part(thread.contact.id)}&limit=6`, signal).then(({ threads }) => {
			const rest = threads.filter(t => t.id !== thread.id);
			if (!rest.length)
				return;
			box.hidden = false;
			box.append(el("h2", {}, "The same person"), el("ul", { class: "plain" }, ...rest.map(t =>
				el("li", {}, el("a", { href: link("threads", [t.id]) }, t.ticket?.number ?? t.subject ?? t.id), " ",
				   mark(t.ticket?.state ?? t.state, stateMark(t.state)), " ", time(t.last_activity_at), " ",
				   takes(t) ? doing("Join …", () => join(thread, t, agent), "", { "aria-label": `Join into ${t.ticket!.number}` }) : ""))));
		}, () => undefined);
	return box;
}

/* ---- what became of it ---- */

function helpdeskLinks(ticket: Ticket): Child[] {
	return ticket.links.flatMap((l, i) => {
		const href = l.url ? safeUrl(l.url) : null, name = `${l.backend} ${l.number ?? l.id ?? ""}`;

		return [i ? ", " : "", href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, name) : name];
	});
}

function ticketPart(ticket: Ticket): HTMLElement {
	return el("section", {}, el("h2", {}, `Ticket ${ticket.number}`), facts(
		["state", mark(ticket.state, ticket.state === "open" ? "good" : "off")],
		["helpdesk", ticket.acknowledged_at ? el("span", {}, ...helpdeskLinks(ticket)) : mark("has not answered yet", "wait")],
		["subject", ticket.subject], ["requester", ticket.requester], ["category", ticket.category], ["priority", ticket.priority],
		["queue", ticket.queue], ["assignee", ticket.assignee], ["status", ticket.external_status ?? ticket.status],
		["because", ticket.reason], ["made", time(ticket.created_at)]));
}

/* What was marked beside, and what comes of it here. */
function leftOut(thread: Thread): string {
	return thread.noise >= thread.inbound ? "All that the customer said is noise: without a ticket it closes as resolved."
		: thread.noise === 1 ? "One message is noise: the ticket leaves it out." : `${thread.noise} messages are noise: the ticket leaves them out.`;
}

function conversion(thread: Thread, agent: string, done: () => void): HTMLElement {
	const fields: Fields = {
		subject: textField("Subject", thread.subject ?? "", { maxlength: "1000" }),
		requester: textField("Requester’s e-mail", claimed(thread.contact), { type: "email", maxlength: "254" },
				     "By which the helpdesk knows the customer."),
		category: textField("Category", "", { maxlength: "200" }),
		priority: choice("Priority", [["", "as the helpdesk has it"], "low", "normal", "high", "urgent"]),
		queue: textField("Queue", thread.queue ?? "", { maxlength: "200" }),
		assignee: textField("Assignee", thread.assignee ?? "", { maxlength: "200" }),
	};
	const make = el("button", { type: "submit", class: "main" }, "Make a ticket");
	const form = el("form", { onsubmit: (event: Event) => {
		event.preventDefault();
		const said: Record<string, string> = { ...values(fields), agent };
		/* What was there already is the gateway's own to find. */
		if (said.requester === claimed(thread.contact))
			delete said.requester;
		if (said.subject === thread.subject)
			delete said.subject;
		void busy(make, async () => {
			await call("POST", `/v1/threads/${part(thread.id)}/convert`, said);
			tell("The ticket is made.");
			done();
		});
	} }, ...Object.values(fields).map(f => f.row), el("div", { class: "actions" }, make));

	return el("section", { class: "convert" }, el("h2", {}, "Make it a ticket"),
		  thread.noise ? el("p", { class: "minor" }, leftOut(thread)) : "", form);
}

/* ---- tags, closing ---- */

function tagsPart(thread: Thread, done: () => void, allowed: boolean): HTMLElement {
	const patch = async (body: unknown): Promise<void> => {
		await call("PATCH", `/v1/threads/${part(thread.id)}`, body);
		done();
	};
	const add = el("input", { type: "text", "aria-label": "Add a tag", placeholder: "add a tag", maxlength: 100 });

	return el("section", {}, el("h2", {}, "Tags and fields"),
		el("ul", { class: "chips" }, ...thread.tags.map(tag => el("li", {}, tag, allowed ? doing("✕", () => patch({ tags_remove: [tag] }), "quiet",
			{ "aria-label": `Take the tag ${tag} away` }) : ""))),
		allowed ? el("form", { onsubmit: (event: Event) => {
			event.preventDefault();
			if (add.value.trim())
				void busy(el("button"), () => patch({ tags_add: [add.value.trim()] }));
		} }, add) : "",
		facts(...Object.entries(thread.custom).map(([k, v]): [string, Child] => [k, value(v)])));
}

async function close(thread: Thread, agent: string, done: () => void): Promise<void> {
	const how = choice("How it ended", [["resolved", "resolved"], ["unresolved", "unresolved"], ["unknown", "not known"], ["ask", "ask the customer first"]], "resolved");
	const reason = textField("Reason", "", { maxlength: "1000" }, "For the history; it may stay empty.");

	if (!await ask("Close the conversation", [how.row, reason.row], "Close it"))
		return;
	await call("POST", `/v1/threads/${part(thread.id)}/close`, { agent, reason: reason.input.value || null,
		...(how.input.value === "ask" ? { ask: true } : { resolution: how.input.value }) });
	tell(how.input.value === "ask" ? "The customer is asked." : "Closed.");
	done();
}

/* Noise is no matter of anybody's: it is closed, and its tag says why. */
async function noise(thread: Thread, agent: string, done: () => void): Promise<void> {
	const path = `/v1/threads/${part(thread.id)}`;

	await call("PATCH", path, { tags_add: ["noise"], agent });
	await call("POST", path + "/close", { resolution: "resolved", reason: "noise", agent });
	tell("Closed as noise. If the customer writes on, it goes on.");
	done();
}

export interface Panel {
	element: HTMLElement;
	close(): void;
}

export function panel(thread: Thread, session: Session, signal: AbortSignal, done: () => void): Panel {
	const allowed = may(session, "convert"), agent = agentOf(session);
	const closing = doing("Close …", () => close(thread, agent, done), "", { title: "x" });
	const into = joinedInto(thread);
	const actions = !allowed || into ? [] : thread.state === "closed" ? [doing("Reopen", async () => {
		await call("POST", `/v1/threads/${part(thread.id)}/reopen`, { agent });
		done();
	})] : thread.ticket ? [closing] : [doing("Close as noise", () => noise(thread, agent, done), "", { title: "closes all of it without a ticket, with the tag noise" }), closing];
	const element = el("aside", { class: "panel", "aria-label": "About this conversation" },
			   into ? el("p", { class: "joined" }, mark("joined", "good"), " ", el("a", { href: link("threads", [into]) }, "It is part of another conversation’s ticket")) : "",
			   person(thread),
			   thread.ticket ? ticketPart(thread.ticket) : thread.state === "open" && allowed ? conversion(thread, agent, done) : "",
			   el("div", { class: "actions" }, ...actions), tagsPart(thread, done, allowed), others(thread, agent, allowed, signal));

	return { element, close: () => thread.state !== "closed" && allowed && closing.click() };
}
