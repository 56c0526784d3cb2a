/* reports.ts - what conversations came to: days as small plots, channels as a table */
import { at, get } from "../api";
import { choice, complain, el, empty, mark, say } from "../dom";
import { List } from "../list";
import { pageKeys } from "../keys";
import { renew } from "../page";
import type { Context, Page } from "../page";
import { bars } from "../plot";
import { percent, span } from "../say";

interface Times {
	n: number;
	p50_ms: number | null;
	p90_ms: number | null;
}

interface Row {
	channel?: string;
	day?: string;
	conversations: number;
	noise: number;
	layers: Record<string, number>;
	tickets: number;
	tickets_waiting: number;
	conversion_rate: number | null;
	conversion_band: string | null;
	first_response: Times;
	resolution_time: Times;
	resolved: number;
	reopened: number;
	reopen_rate: number | null;
	reopen_band: string | null;
	drops: number;
	drops_open: number;
	csat: { n: number; mean: number | null };
}

interface Report {
	since: string;
	until: string;
	total: Row;
	rows: Row[];
}

const BANDS: Record<string, string> = { great: "good", healthy: "good", high: "wait", watch: "wait", bad: "bad", audit: "bad" };

function band(rate: number | null | undefined, word: string | null): HTMLElement | string {
	return word ? mark(`${percent(rate)} ${word}`, BANDS[word] ?? "off") : percent(rate);
}

function ms(value: number | null | undefined): string {
	return value === null || value === undefined ? "-" : span(value);
}

/* Every day has its place, also one on which nothing ended. */
function days(rows: Row[], since: string, until: string): [string, Row | undefined][] {
	const known = new Map(rows.map(r => [r.day ?? "", r]));
	const all: [string, Row | undefined][] = [];

	for (let t = Date.parse(since); t < Date.parse(until) && all.length < 400; t += 86400000) {
		const day = new Date(t).toISOString().slice(0, 10);
		all.push([day, known.get(day)]);
	}
	return all;
}

function plots(report: Report): HTMLElement {
	const all = days(report.rows, report.since, report.until), names = all.map(([day]) => day);
	const of = (pick: (r: Row) => number | null): (number | null)[] => all.map(([, r]) => r ? pick(r) : null);
	const count = (v: number): string => String(Math.round(v));

	return el("div", { class: "plots" },
		bars({ title: "Conversations a day", names, values: of(r => r.conversations).map(v => v ?? 0), show: count }),
		bars({ title: "Tickets", names, values: of(r => r.tickets).map(v => v ?? 0), show: count }),
		bars({ title: "Conversion rate", names, values: of(r => r.conversion_rate), show: percent, band: [0.2, 0.35] }),
		bars({ title: "First response, p50", names, values: of(r => r.first_response?.p50_ms ?? null), show: span }),
		bars({ title: "Resolution, p50", names, values: of(r => r.resolution_time?.p50_ms ?? null), show: span }),
		bars({ title: "Reopened", names, values: of(r => r.reopen_rate), show: percent, band: [0, 0.1] }),
		bars({ title: "Drops", names, values: of(r => r.drops).map(v => v ?? 0), show: count }),
		bars({ title: "Satisfaction (1 to 5)", names, values: of(r => r.csat?.mean ?? null), show: v => v.toFixed(1) }));
}

function open({ root, bar, signal, where }: Context): void {
	const since = choice("Span", [["24h", "a day"], ["7d", "a week"], ["30d", "30 days"], ["90d", "90 days"], ["365d", "a year"]], where.query.get("since") || "30d");
	const graphs = el("div", {}), status = el("p", { class: "minor", role: "status" });
	const list = new List<Row>({
		caption: "By channel", key: r => r.channel ?? "", none: "No conversation ended in this time.",
		columns: [
			{ name: "Channel", kind: "who", cell: r => r.channel ?? "all" },
			{ name: "Ended", kind: "num", cell: r => String(r.conversations) },
			{ name: "Noise", kind: "num", cell: r => String(r.noise) },
			{ name: "Bot", kind: "num", cell: r => String(r.layers.bot ?? 0) },
			{ name: "People", kind: "num", cell: r => String(r.layers.conversation ?? 0) },
			{ name: "Tickets", kind: "num", cell: r => String(r.tickets) },
			{ name: "Conversion", cell: r => band(r.conversion_rate, r.conversion_band) },
			{ name: "First response", kind: "num", cell: r => `${ms(r.first_response?.p50_ms)} / ${ms(r.first_response?.p90_ms)}` },
			{ name: "Resolution", kind: "num", cell: r => `${ms(r.resolution_time?.p50_ms)} / ${ms(r.resolution_time?.p90_ms)}` },
			{ name: "Reopened", cell: r => band(r.reopen_rate, r.reopen_band) },
			{ name: "Drops", kind: "num", cell: r => `${r.drops_open} / ${r.drops}` },
			{ name: "Opinion", kind: "num", cell: r => r.csat?.n ? `${(r.csat.mean ?? 0).toFixed(1)} (${r.csat.n})` : "-" },
		],
	});

	async function load(): Promise<void> {
		const words = { since: since.input.value, zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
		const [byDay, byChannel] = await Promise.all([get<Report>(at("/v1/report", { ...words, by: "day" }), signal),
			get<Report>(at("/v1/report", { ...words, by: "channel" }), signal)]);

		renew("reports", [], { since: since.input.value });
		graphs.replaceChildren(byDay.total.conversations ? plots(byDay) : empty("Nothing to plot yet."));
		list.set([...byChannel.rows, ...(byChannel.rows.length > 1 ? [byChannel.total] : [])], false);
		say(status, "Pairs of times are p50 / p90; drops are open / all.");
	}
	since.row.classList.add("inline");
	since.input.addEventListener("change", () => load().catch(complain));
	bar.append(since.row);
	root.append(graphs, list.element, status);
	pageKeys(list.keys());
	load().catch(complain);
}

export const reportsPage: Page = { name: "reports", title: "Reports", key: "p", open };
