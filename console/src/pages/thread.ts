/* thread.ts - one conversation: what was said, why it was dealt with as it was, and what one can do */
import { call, get, part } from "../api";
import { arrange, button, complain, doing, el, mark, tell, time } from "../dom";
import { explained } from "../explain";
import { hear, settled } from "../live";
import { linked } from "../../../widget/src/view/links";
import { agentOf, may } from "../page";
import { address, bytes, span, stateMark } from "../say";
import type { File, Message, Session, Thread } from "../types";
import { composer } from "./compose";
import type { Composer } from "./compose";
import { panel } from "./convert";
import type { Panel } from "./convert";

interface Marked {
	already_forwarded: boolean;
}

interface Page {
	messages: Message[];
	next?: string;
}

function who(m: Message, customer: string): string {
	const name = m.author_name || (m.direction === "inbound" ? customer || address(m.address) : "");

	return m.direction === "note" ? `${name || m.author}, note` : name || m.author;
}

function fileLink(f: File): HTMLElement {
	const name = f.name || f.kind;

	return f.state === "stored"
		? el("a", { class: "file", href: `/v1/attachments/${part(f.id)}`, download: name }, el("bdi", {}, name), ` ${bytes(f.size)}`)
		: el("span", { class: "file" }, el("bdi", {}, name), ` ${f.state}`);
}

function troubles(m: Message): (HTMLElement | string)[] {
	if (!m.error)
		return [];
	return [el("p", { class: "wrong" }, `${m.error.text ?? "not delivered"}${m.error.code ? ` (${m.error.code})` : ""}`,
		   m.error.advice ? ` ${m.error.advice}` : "")];
}

/* The mark on what the customer said, to be put and taken away. */
function noiseButton(m: Message, mine: string, done: () => void): HTMLElement {
	return doing(m.noise ? "Not noise" : "Noise", async () => {
		const { already_forwarded: there } = await call<Marked>(m.noise ? "DELETE" : "POST", `/v1/messages/${part(m.id)}/noise`, { agent: mine });
		tell(m.noise ? `It counts again${there ? ", and the ticket has it." : "."}`
			: there ? "Marked as noise. The helpdesk of the ticket has it already, and keeps it." : "Marked as noise: a ticket leaves it out.");
		done();
	}, "quiet", { "aria-label": m.noise ? "It is not noise" : "Mark it as noise", title: "noise is left out of the ticket, and waits for no answer" });
}

function messageView(m: Message, customer: string, signal: AbortSignal, noise: HTMLElement | ""): HTMLElement {
	const kind = m.direction === "inbound" ? "in" : m.direction === "outbound" ? (m.author === "agent" ? "out" : "out bot") : m.direction;
	const why = el("div", { class: "below" });
	const toggle: HTMLButtonElement = doing("Why", async () => {
		const open = toggle.getAttribute("aria-expanded") === "true";
		why.replaceChildren(...(open ? [] : [await explained({ message: m.id }, signal)]));
		toggle.setAttribute("aria-expanded", String(!open));
	}, "quiet", { "aria-expanded": "false" });

	return el("article", { class: "message " + kind + (m.noise ? " noise" : ""), "aria-label": who(m, customer) },
		  el("header", {}, el("b", {}, who(m, customer)), " ", time(m.at), m.channel ? ` ${m.channel}` : "",
		     m.delivery && m.delivery !== "none" ? mark(m.delivery, stateMark(m.delivery)) : "", m.kind !== "text" ? ` ${m.kind}` : "",
		     m.edited_at ? " edited" : "", m.deleted_at ? " taken back" : "", m.unproven ? mark("sender not proven", "wait") : "",
		     m.noise ? mark("noise", "off") : "", m.direction === "inbound" ? el("span", { class: "does" }, noise, toggle) : ""),
		  m.subject ? el("p", { class: "subject", dir: "auto" }, m.subject) : "",
		  m.text ? el("p", { class: "text", dir: "auto" }, ...linked(m.text)) : "", m.note ? el("p", { class: "minor" }, m.note) : "", ...m.attachments.map(fileLink), ...troubles(m), why);
}

export interface Shown {
	element: HTMLElement;
	keys: [string, string, () => void][];
}

function head(thread: Thread): HTMLElement {
	const waits = thread.state === "open" && thread.last_customer_message_at ? Date.now() - Date.parse(thread.last_customer_message_at) : 0;

	return el("header", { class: "about" }, el("h2", {}, thread.subject || thread.contact?.name || address(thread.reply_to)),
		  el("p", {}, mark(thread.held ? "held" : thread.state, thread.held ? "wait" : stateMark(thread.state)), " ",
		     thread.shadow ? mark("on trial", "wait") : "", ` ${thread.channel ?? ""}, opened `, time(thread.opened_at),
		     waits > 60000 ? `, last word of the customer ${span(waits)} ago` : ""));
}

export function showThread(id: string, session: Session, signal: AbortSignal, changed: () => void): Shown {
	const element = el("div", { class: "thread" }), log = el("div", { class: "log", role: "log", "aria-label": "Conversation" });
	const above = el("div", {}), side = el("div", { class: "side" }), below = el("div", {}), what = el("div", {});
	const views = new Map<string, { said: string; view: HTMLElement }>();
	let messages: Message[] = [], before = "", write: Composer | null = null, beside: Panel | null = null, drawn = "", customer = "";
	const earlier = doing("Earlier messages", async () => {
		const page = await get<Page>(`/v1/threads/${part(id)}/messages?limit=100&before=${part(before)}`, signal);
		messages = page.messages.concat(messages);
		before = page.next ?? "";
		draw();
	}, "more");

	function draw(): void {
		const list = messages.map(m => {
			const said = JSON.stringify(m);
			let kept = views.get(m.id);
			if (!kept || kept.said !== said)
				views.set(m.id, kept = { said, view: messageView(m, customer, signal,
					m.direction === "inbound" && may(session, "convert") ? noiseButton(m, agentOf(session), refresh) : "") });
			return kept.view;
		});
		earlier.hidden = !before;
		arrange(log, [earlier, ...list]);
	}
	async function load(): Promise<void> {
		const [{ thread }, page] = await Promise.all([get<{ thread: Thread }>(`/v1/threads/${part(id)}`, signal),
			get<Page>(`/v1/threads/${part(id)}/messages?limit=100`, signal)]);
		const first = page.messages[0]?.id, known = messages.findIndex(m => m.id === first);
		const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 40;
		const about = JSON.stringify({ ...thread, messages: 0, inbound: 0, outbound: 0, last_activity_at: 0, sequence: 0, episode: 0 });

		customer = thread.contact?.name ?? "";
		if (known < 0)
			before = page.next ?? "";
		messages = known > 0 ? messages.slice(0, known).concat(page.messages) : page.messages;
		draw();
		above.replaceChildren(head(thread));
		/* A form that is being filled in is not drawn anew under the hands. */
		if (about !== drawn && !side.contains(document.activeElement)) {
			drawn = about;
			beside = panel(thread, session, signal, refresh);
			side.replaceChildren(beside.element);
		}
		if (!write && may(session, "reply")) {
			write = composer(thread, agentOf(session), signal, refresh);
			below.replaceChildren(write.element);
		}
		if (atEnd)
			log.scrollTop = log.scrollHeight;
	}
	function refresh(): void {
		drawn = "";
		(document.activeElement as HTMLElement | null)?.closest(".side") && (document.activeElement as HTMLElement).blur();
		load().then(changed, complain);
	}
	const look = settled(load);
	const explain = doing("Explain", async () => {
		const open = explain.getAttribute("aria-expanded") === "true";
		what.replaceChildren(...(open ? [] : [await explained({ thread: id }, signal)]));
		explain.setAttribute("aria-expanded", String(!open));
	}, "", { "aria-expanded": "false" });
	const read = button("Mark as read", () => call("POST", `/v1/threads/${part(id)}/read`, { agent: agentOf(session) }).then(() => tell("The customer sees it as read."), complain), "quiet");

	hear(event => {
		const of = event?.data.thread as { id?: string } | undefined;
		if (!event || of?.id === id || event.data.thread_id === id)
			look();
	}, signal);
	element.append(el("div", { class: "talk" }, above, el("div", { class: "tools" }, explain, may(session, "reply") ? read : ""), what, log, below), side);
	load().then(() => {
		log.scrollTop = log.scrollHeight;
	}, error => element.replaceChildren(el("p", { class: "wrong" }, (error as Error).message)));
	return { element, keys: [["r", "reply", () => write?.reply()], ["n", "note", () => write?.note()], ["e", "explain", () => explain.click()],
		["c", "to the form that makes a ticket", () => side.querySelector<HTMLElement>("form input")?.focus()], ["x", "close …", () => beside?.close()]] };
}
