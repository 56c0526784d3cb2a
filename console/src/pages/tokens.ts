/* tokens.ts - who may call the API: tokens made here or by headgatectl, and those of the configuration by name */
import { at, call, get, part } from "../api";
import { ask, button, complain, copy, doing, el, empty, facts, mark, sheet, tell, textField, time } from "../dom";
import type { Child } from "../dom";
import { pageKeys } from "../keys";
import { List } from "../list";
import { may } from "../page";
import type { Context, Page } from "../page";
import type { Time } from "../types";

interface Token {
	id: string;
	name: string;
	scopes: string[];
	channels: string[] | null;
	made_by?: string | null;
	made_at?: Time | null;
	expires_at?: Time | null;
	revoked_at?: Time | null;
	used_at?: Time | null;
}

interface Answer {
	tokens: Token[];
	configured: Omit<Token, "id">[];
	next?: string;
}

/* As doc/api.md has them. */
const SCOPES: [string, string][] = [
	["read", "conversations, contacts, status"], ["report", "reports alone"], ["reply", "answers, notes, files"],
	["start", "conversations with somebody who has not written"], ["convert", "tickets, closing, tags"], ["link", "a ticket as the helpdesk knows it"],
	["contacts", "merging, blocking, consent"], ["erase", "a contact, for ever"], ["operate", "channels, dead letters, rules, reload"],
	["audit", "who did what"], ["backup", "backups"], ["admin", "all of these, and tokens"],
];

function ticks(legend: string, options: [string, string][]): { row: HTMLElement; chosen: () => string[] } {
	const boxes = options.map(([name]) => el("input", { type: "checkbox", value: name, id: `tick-${legend}-${name}` }));

	return { row: el("fieldset", {}, el("legend", {}, legend), el("div", { class: "ticks" }, ...options.map(([name, what], i) =>
			el("p", { class: "tick" }, boxes[i]!, el("label", { for: boxes[i]!.id }, name, what ? el("small", {}, " " + what) : ""))))),
		 chosen: () => boxes.filter(b => b.checked).map(b => b.value) };
}

/* Shown once: nobody can show it again, for the gateway keeps its hash alone. */
function reveal(name: string, secret: string): void {
	sheet(`The secret of ${name}`, el("p", {}, "Keep it now. It is not shown again; who loses it makes another token."),
	      el("pre", { tabindex: 0, class: "secret" }, secret), el("div", { class: "actions" }, button("Copy", () => copy(secret).catch(complain))));
}

async function make(channels: string[]): Promise<boolean> {
	const name = textField("Name", "", { maxlength: "64", required: true }, "Who acts: small letters, digits and -. The audit names it.");
	const expires = textField("Ends", "90d", { maxlength: "40" }, "After a span such as 90d, or at a time such as 2027-01-31T00:00:00Z; empty: never.");
	const scopes = ticks("May", SCOPES), only = ticks("Channels", channels.map((c): [string, string] => [c, ""]));
	const wrong = (): string | null => !/^[a-z0-9-]+$/.test(name.input.value.trim()) ? "A name has small letters, digits and - only." :
		scopes.chosen().length ? null : "Choose what it may do.";

	if (!await ask("Make a token", [name.row, scopes.row, channels.length > 1 ? only.row : "",
			channels.length > 1 ? el("p", { class: "minor" }, "With no channel chosen it sees all of them.") : "", expires.row], "Make it", "main", wrong))
		return false;
	const made = await call<{ token: Token; secret: string }>("POST", "/v1/tokens", { name: name.input.value.trim(), scopes: scopes.chosen(),
		channels: only.chosen().length ? only.chosen() : null, expires: expires.input.value.trim() || null });
	reveal(made.token.name, made.secret);
	return true;
}

async function revoke(token: Token): Promise<boolean> {
	if (!await ask(`Revoke ${token.name}`, [el("p", {}, "Whoever uses it is refused from now on, and what is under way for it ends. This cannot be undone.")], "Revoke", "danger"))
		return false;
	await call("DELETE", `/v1/tokens/${part(token.id)}`);
	tell(`${token.name} is revoked.`);
	return true;
}

function state(token: Token): Child {
	if (token.revoked_at)
		return mark("revoked", "off");
	return token.expires_at && Date.parse(token.expires_at) <= Date.now() ? mark("expired", "off") : mark("good", "good");
}

function open({ root, bar, session, signal }: Context): void {
	if (!may(session, "admin")) {
		root.append(empty("Tokens are for admins."));
		return;
	}
	let rows: Token[] = [], next = "", channels: string[] = [];
	const all = el("input", { type: "checkbox", id: "all-tokens", onchange: () => load(false).catch(complain) });
	const configured = el("section", { class: "below" });
	const list = new List<Token>({
		caption: "Tokens, newest first", key: t => t.id, none: "No token was made here yet.",
		columns: [
			{ name: "Name", kind: "who", cell: t => t.name },
			{ name: "May", kind: "wide", cell: t => t.scopes.join(", ") },
			{ name: "Channels", kind: "minor", cell: t => t.channels?.join(", ") ?? "all" },
			{ name: "Used", kind: "when", cell: t => time(t.used_at) ?? "never" },
			{ name: "Ends", kind: "when", cell: t => time(t.expires_at) ?? "never" },
			{ name: "State", cell: state },
			{ name: "", cell: t => t.revoked_at ? "" : doing("Revoke …", async () => {
				if (await revoke(t))
					await load(false);
			}, "", { "aria-label": `Revoke ${t.name}` }) },
		],
		detail: t => facts(["id", el("code", {}, t.id)], ["made", time(t.made_at)], ["by", t.made_by ?? null], ["revoked", time(t.revoked_at)]),
		more: () => load(true),
	});

	async function load(further: boolean): Promise<void> {
		const answer = await get<Answer>(at("/v1/tokens", { limit: 100, all: all.checked, before: further ? next : "" }), signal);

		rows = further ? rows.concat(answer.tokens) : answer.tokens;
		next = answer.next ?? "";
		list.set(rows, !!next);
		configured.replaceChildren(...(answer.configured.length ? [el("h2", {}, "Of the configuration"),
			el("p", { class: "minor" }, "They stand in api.tokens; a reload takes changes over."),
			facts(...answer.configured.map((t): [string, Child] => [t.name, `${t.scopes.join(", ")}${t.channels ? ` on ${t.channels.join(", ")}` : ""}`]))] : []));
	}
	bar.append(el("span", { class: "tick" }, all, el("label", { for: all.id }, "revoked and expired too")),
		   doing("Make a token …", async () => {
			if (await make(channels))
				await load(false);
		}, "main"));
	root.append(list.element, configured);
	pageKeys(list.keys());
	load(false).catch(complain);
	get<{ channels: { name: string }[] }>("/v1/channels", signal).then(a => {
		channels = a.channels.map(c => c.name);
	}, complain);
}

export const tokensPage: Page = { name: "tokens", title: "Tokens", key: "k", open };
