/* say.ts - times, sizes and words as people read them; pure */
import { plainName } from "../../widget/src/view/links";

const MINUTE = 60, HOUR = 3600, DAY = 86400;

/* "3 min", "2 h", "5 d": how long, to one unit. */
export function span(ms: number): string {
	const s = Math.max(0, Math.round(ms / 1000));

	if (s < MINUTE)
		return `${s} s`;
	if (s < HOUR)
		return `${Math.floor(s / MINUTE)} min`;
	if (s < 2 * DAY)
		return `${Math.floor(s / HOUR)} h`;
	return `${Math.floor(s / DAY)} d`;
}

function two(n: number): string {
	return n < 10 ? "0" + n : String(n);
}

/* Today's times without the day; else the day too.  In the zone of who looks. */
export function clock(time: string | null | undefined, now = new Date()): string {
	if (!time)
		return "";
	const t = new Date(time);
	if (Number.isNaN(t.getTime()))
		return time;
	const hour = `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
	const day = `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
	const today = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;

	return day === today ? hour : `${day} ${hour.slice(0, 5)}`;
}

export function ago(time: string | null | undefined, now = Date.now()): string {
	return time ? span(now - Date.parse(time)) : "";
}

export function bytes(n: number | null | undefined): string {
	if (n === null || n === undefined)
		return "";
	if (n < 1024)
		return `${n} B`;
	if (n < 1024 * 1024)
		return `${(n / 1024).toFixed(n < 10240 ? 1 : 0)} kB`;
	return `${(n / 1024 / 1024).toFixed(1)} MB`;
}

export function percent(part: number | null | undefined): string {
	return part === null || part === undefined ? "-" : `${(part * 100).toFixed(1)} %`;
}

/* "tel:+44..." as people say it. */
export function address(uri: string | null | undefined): string {
	return (uri ?? "").replace(/^(tel|mailto|widget|visitor):/, "");
}

/* What a decision came to, in a word, and how good that is for the colour of its mark. */
const ACTIONS: Record<string, [string, string]> = {
	convert: ["ticket", "good"], join: ["joined", "good"], reopen: ["reopened", "good"],
	ignore: ["noise", "off"], drop: ["dropped", "off"], hold: ["held", "wait"], reply: ["answered", "note"],
	close: ["closed", "off"], none: ["waits", "wait"], wait: ["waits", "wait"],
};

export function action(word: string): [string, string] {
	return ACTIONS[word] ?? [word, "note"];
}

const STATES: Record<string, string> = {
	open: "note", converted: "good", closed: "off", up: "good", running: "good", degraded: "wait", down: "bad",
	unknown: "wait", paused: "wait", dead: "bad", queued: "note", due: "note", sending: "note", parked: "wait",
	failed: "bad", delivered: "good", read: "good", sent: "good", revoked: "off", expired: "off", active: "good",
};

export function stateMark(word: string | null | undefined): string {
	return STATES[word ?? ""] ?? "off";
}

/* A value of facts or of a trace, on one line. */
export function value(v: unknown): string {
	if (v === null || v === undefined)
		return "nothing";
	return typeof v === "string" ? v : JSON.stringify(v);
}

/* A text in a row of a list: on one line, and without what turns letters round ("gpj.exe" read as "exe.jpg"). */
export function oneLine(text: string | null | undefined): string {
	return text ? plainName(text.slice(0, 300).replace(/\s+/g, " ")) : "";
}
