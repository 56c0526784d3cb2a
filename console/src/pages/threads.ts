/* threads.ts - the conversations, found by words and filters; one of them beside the list */
import { at, get } from "../api";
import { choice, complain, el, mark, show, time } from "../dom";
import { pageKeys } from "../keys";
import { List } from "../list";
import { hear, settled } from "../live";
import { link, renew } from "../page";
import type { Context, Page, Where } from "../page";
import { address, oneLine, stateMark } from "../say";
import type { Thread } from "../types";
import { showThread } from "./thread";

const FILTERS = ["q", "state", "channel", "waiting", "tag", "assignee"] as const;
const LIMIT = 50;

interface Answer {
	threads: Thread[];
	next?: string;
}

function open({ root, bar, session, signal, where, title }: Context): (where: Where) => void {
	let rows: Thread[] = [], next = "", shown = new AbortController(), at1 = where;
	const search = el("input", { type: "search", placeholder: "Search: words, \"a phrase\", prefix*, -not", "aria-label": "Search conversations" });
	const state = choice("State", [["", "all states"], "open", "converted", "closed"]);
	const channel = choice("Channel", [["", "all channels"]]);
	const waiting = choice("Waiting", [["", "answered or not"], ["unanswered", "unanswered"]]);
	const inputs: Record<string, HTMLInputElement | HTMLSelectElement> = { q: search, state: state.input, channel: channel.input, waiting: waiting.input };
	const beside = el("div", { class: "beside" });
	const list = new List<Thread>({
		caption: "Conversations, newest first", key: t => t.id, none: "No conversation fits.", href: t => link("threads", [t.id], filters()),
		columns: [
			{ name: "Last", kind: "when", cell: t => time(t.last_activity_at) },
			{ name: "Who", kind: "who", cell: t => oneLine(t.contact?.name ?? address(t.reply_to)) },
			{ name: "Subject", kind: "wide", cell: t => oneLine(t.subject) },
			{ name: "Channel", kind: "minor", cell: t => t.channel },
			{ name: "State", cell: t => mark(t.ticket?.number ?? (t.held ? "held" : t.state), t.held ? "wait" : stateMark(t.state)) },
		],
		more: () => load(true),
	});

	function filters(): Record<string, string> {
		const own = Object.fromEntries(Object.entries(inputs).map(([k, i]): [string, string] => [k, i.value]).filter(([, v]) => v));

		for (const name of ["tag", "assignee"])
			if (at1.query.get(name))
				own[name] = at1.query.get(name)!;
		return own;
	}
	async function load(further: boolean): Promise<void> {
		const answer = await get<Answer>(at("/v1/threads", { ...filters(), limit: LIMIT, before: further ? next : "" }), signal);
		const known = new Set(answer.threads.map(t => t.id));

		rows = further ? rows.concat(answer.threads) : rows.length > LIMIT ? answer.threads.concat(rows.filter(t => !known.has(t.id))) : answer.threads;
		if (further || rows.length <= LIMIT)
			next = answer.next ?? "";
		list.set(rows, !!next);
	}
	const look = settled(() => load(false));
	const again = settled(async () => {
		rows = [];
		renew("threads", at1.path, filters());
		await load(false).catch(complain);
	}, 200);

	function take(to: Where): void {
		const id = to.path[0] ?? "";

		at1 = to;
		for (const name of FILTERS)
			if (inputs[name] && inputs[name].value !== (to.query.get(name) ?? ""))
				inputs[name].value = to.query.get(name) ?? "";
		shown.abort();
		shown = new AbortController();
		list.choose(id);
		root.classList.toggle("open", !!id);
		show(beside, !!id);
		title("Threads");
		if (id) {
			const one = showThread(id, session, shown.signal, look);
			beside.replaceChildren(el("a", { class: "back", href: link("threads", [], filters()) }, "‹ All conversations"), one.element);
			pageKeys([...list.keys(), ...one.keys]);
		} else {
			beside.replaceChildren();
			pageKeys(list.keys());
		}
	}
	signal.addEventListener("abort", () => shown.abort());
	for (const input of Object.values(inputs))
		input.addEventListener("input", again);
	for (const field of [state, channel, waiting])
		field.row.classList.add("inline");
	bar.append(search, state.row, channel.row, waiting.row);
	root.append(list.element, beside);
	get<{ channels: { name: string }[] }>("/v1/status", signal).then(({ channels }) => {
		channel.input.append(...channels.map(c => el("option", { value: c.name }, c.name)));
		channel.input.value = at1.query.get("channel") ?? "";
	}).catch(() => undefined).then(() => {
		take(where);
		return load(false);
	}).then(() => hear(() => look(), signal), complain);
	return take;
}

export const threadsPage: Page = { name: "threads", title: "Threads", key: "t", open };
