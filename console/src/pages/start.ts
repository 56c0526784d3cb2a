/* start.ts - writing first: to somebody who need not have written, with what it will cost before it goes */
import { call, get, newKey, Problem } from "../api";
import { areaField, busy, choice, complain, el, empty, say, show, tell, textField } from "../dom";
import { settled } from "../live";
import { agentOf, go, link, may } from "../page";
import type { Context, Page } from "../page";
import { costOf } from "./compose";
import type { Preview } from "./compose";

interface Channel {
	name: string;
	adapter: string;
}

interface Started {
	joined: boolean;
	thread_id: string;
}

/* Visitors are browsers: nobody can be written to first there. */
function reachable(channels: Channel[]): Channel[] {
	return channels.filter(c => c.adapter !== "widget");
}

/* A provider's template as JSON, or null when it is none. */
function templateOf(text: string): unknown {
	try {
		const value: unknown = JSON.parse(text);
		return value && typeof value === "object" && !Array.isArray(value) ? value : null;
	} catch {
		return null;
	}
}

function form(channels: Channel[], agent: string, context: Context): HTMLElement {
	const { where, signal } = context;
	let key = newKey(), keyOf = "";
	const channel = choice("Channel", channels.map((c): [string, string] => [c.name, `${c.name} (${c.adapter})`]),
			       channels.some(c => c.name === where.query.get("channel")) ? where.query.get("channel")! : channels[0]!.name);
	const to = textField("To", where.query.get("to") ?? "", { maxlength: "255", required: true }, "A number with its country, +447700900123, or a mail address.");
	const subject = textField("Subject", "", { maxlength: "1000" });
	const text = areaField("Text", "", 6), template = areaField("Template (JSON)", "", 4,
		"Where the provider wants one before somebody has written, as WhatsApp does: in its own words.");
	const tags = textField("Tags", "", { maxlength: "500" }, "With commas between; they may stay empty.");
	const ticket = el("input", { type: "checkbox", id: "start-ticket" });
	const cost = el("p", { class: "cost minor", role: "status" });
	const post = el("button", { type: "submit", class: "main", title: "Ctrl+Enter" }, "Send");

	const adapter = (): string => channels.find(c => c.name === channel.input.value)?.adapter ?? "";
	const body = (): Record<string, unknown> => ({
		channel: channel.input.value, to: to.input.value.trim(), agent,
		...(text.input.value.trim() ? { text: text.input.value } : {}),
		...(adapter() === "email" && subject.input.value.trim() ? { subject: subject.input.value.trim() } : {}),
		...(template.input.value.trim() ? { template: templateOf(template.input.value) } : {}),
		...(tags.input.value.trim() ? { tags: tags.input.value.split(",").map(t => t.trim()).filter(Boolean) } : {}),
		...(ticket.checked ? { ticket: true } : {}),
	});
	const wrong = (): string => template.input.value.trim() && !templateOf(template.input.value) ? "The template is no JSON object." : "";

	function note(words: string, bad: boolean): void {
		say(cost, words);
		cost.classList.toggle("wrong", bad);
	}
	const look = settled(async () => {
		if (!to.input.value.trim() || (!text.input.value.trim() && !template.input.value.trim()) || wrong()) {
			note(wrong(), !!wrong());
			return;
		}
		try {
			note(costOf(await call<Preview>("POST", "/v1/threads/preview", body(), { signal })), false);
		} catch (error) {
			if (error instanceof Problem)
				note(error.message, true);
		}
	}, 400);
	function suit(): void {
		show(subject.row, adapter() === "email");
		show(template.row, adapter() !== "email");
		if (adapter() === "email")
			template.input.value = "";
		look();
	}
	async function submit(): Promise<void> {
		const said = body(), whole = JSON.stringify(said);

		if (wrong())
			throw new Error(wrong());
		/* The same again is the same message; another one is another. */
		if (whole !== keyOf) {
			key = newKey();
			keyOf = whole;
		}
		const started = await call<Started>("POST", "/v1/threads", said, { key });
		tell(started.joined ? "It went into the conversation that is open with them." : "On its way.");
		go(link("threads", [started.thread_id]));
	}
	const made = el("form", { class: "start", "aria-label": "New thread", oninput: () => look(), onsubmit: (event: Event) => {
		event.preventDefault();
		void busy(post, submit);
	} }, el("div", { class: "fields" }, channel.row, to.row), subject.row, text.row, template.row, tags.row,
		el("p", { class: "tick" }, ticket, el("label", { for: ticket.id }, "Make a ticket of it")), el("div", { class: "actions" }, post, cost));

	made.addEventListener("keydown", event => {
		if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
			event.preventDefault();
			made.requestSubmit();
		}
	});
	channel.input.addEventListener("change", suit);
	template.input.classList.add("source");
	suit();
	return made;
}

function open(context: Context): void {
	const { root, session, signal } = context;

	if (!may(session, "start")) {
		root.append(empty("Your role may not write to somebody first."));
		return;
	}
	get<{ channels: Channel[] }>("/v1/channels", signal).then(({ channels }) => {
		const all = reachable(channels);

		root.append(all.length ? form(all, agentOf(session), context)
			: empty("There is no channel on which somebody can be written to first. Visitors of the chat widget begin their conversations themselves."));
		root.querySelector<HTMLElement>("input")?.focus();
	}, complain);
}

export const startPage: Page = { name: "new", title: "New thread", key: "n", open };
