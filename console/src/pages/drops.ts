/* drops.ts - conversations that ended unresolved and that no helpdesk took over; mended one by one or all */
import { at, call, get, part } from "../api";
import { ask, choice, complain, doing, el, mark, tell, time } from "../dom";
import { explained } from "../explain";
import { pageKeys } from "../keys";
import { List } from "../list";
import { hear, settled } from "../live";
import { link, may } from "../page";
import type { Context, Page } from "../page";
import type { Time } from "../types";

interface Drop {
	thread_id: string;
	episode: number;
	channel: string | null;
	contact_id: string | null;
	contact: string | null;
	closed_at: Time;
	dropped_at: Time;
	why: string;
	ticket: string | null;
	restored_at: Time | null;
}

function open({ root, bar, session, signal }: Context): void {
	let rows: Drop[] = [], next = "";
	const state = choice("State", [["open", "not mended"], ["all", "all"]], "open");
	const summary = el("p", { class: "summary", role: "status" });
	const restore = async (id: string): Promise<string> => (await call<{ did: string }>("POST", `/v1/drops/${part(id)}/restore`, {})).did;
	const list = new List<Drop>({
		caption: "Drops, newest first", key: d => `${d.thread_id}/${d.episode}`,
		none: "Nothing was dropped. What ends unresolved and is not in a helpdesk five minutes later shows here.",
		columns: [
			{ name: "Dropped", kind: "when", cell: d => time(d.dropped_at) },
			{ name: "Who", kind: "who", cell: d => d.contact ?? d.contact_id },
			{ name: "Why", kind: "wide", cell: d => d.why + (d.ticket ? ` (${d.ticket})` : "") },
			{ name: "Channel", kind: "minor", cell: d => d.channel },
			{ name: "State", cell: d => d.restored_at ? mark("mended", "good") : mark("open", "bad") },
			{ name: "", cell: d => el("span", { class: "acts" }, el("a", { href: link("threads", [d.thread_id]) }, "Open"),
				d.restored_at || !may(session, "convert") ? "" : doing("Mend", async () => {
					tell(`${d.contact ?? "It"}: ${await restore(d.thread_id)}.`);
					await load(false);
				}, "", { "aria-label": `Mend the drop of ${d.contact ?? d.thread_id}` })) },
		],
		detail: d => explained({ thread: d.thread_id }, signal),
		more: () => load(true),
	});
	const all = doing("Mend all …", async () => {
		const open = rows.filter(d => !d.restored_at);

		if (!open.length || !await ask("Mend all drops", [el("p", {}, `Makes a ticket, or has the helpdesk asked again, for ${open.length} conversations. Doing it twice does nothing twice.`)], "Mend them"))
			return;
		for (const drop of open)
			await restore(drop.thread_id);
		tell(`${open.length} mended.`);
		await load(false);
	});

	async function load(further: boolean): Promise<void> {
		const answer = await get<{ open: number; drops: Drop[]; next?: string }>(
			at("/v1/drops", { state: state.input.value, limit: 100, before: further ? next : "" }), signal);

		rows = further ? rows.concat(answer.drops) : answer.drops;
		next = answer.next ?? "";
		summary.textContent = answer.open ? `${answer.open} not mended` : "";
		all.hidden = !answer.open || !may(session, "convert");
		list.set(rows, !!next);
	}
	state.row.classList.add("inline");
	state.input.addEventListener("change", () => load(false).catch(complain));
	bar.append(state.row, all, summary);
	root.append(list.element);
	pageKeys(list.keys());
	load(false).catch(complain);
	const look = settled(() => load(false), 1000);
	hear(event => (!event || /^(drop|ticket)\./.test(event.type)) && look(), signal);
}

export const dropsPage: Page = { name: "drops", title: "Drops", key: "d", open };
