/* shell.ts - what stands around every page: the menu, the title, who is signed in */
import { call, get, onSignedOut } from "./api";
import { ask, button, complain, el, noticeBoards, say, tell } from "./dom";
import { always, help, onKey, pageKeys } from "./keys";
import { onLiveState, startLive, stopLive } from "./live";
import { showLogin } from "./login";
import type { Page, Where } from "./page";
import { go, link, parse } from "./page";
import type { Session } from "./types";

let pages: Page[] = [];
let session: Session;
let signedIn = false;
let left = new AbortController();
let openPage: Page | null = null;
let moveTo: ((where: Where) => void) | null = null;

const main = el("main", { id: "main", tabindex: -1 });
const title = el("h1", {});
const bar = el("div", { class: "bar" });
const live = el("span", { class: "mark wait", role: "status" }, "connecting");
const items = new Map<string, HTMLAnchorElement>();

function show(name: string, where: Where): void {
	const page = pages.find(p => p.name === name) ?? pages[0]!;

	if (page === openPage && moveTo) {
		moveTo(where);
		return;
	}
	left.abort();
	left = new AbortController();
	pageKeys([]);
	openPage = page;
	for (const [key, item] of items)
		if (key === page.name)
			item.setAttribute("aria-current", "page");
		else
			item.removeAttribute("aria-current");
	const root = el("div", { class: "page " + page.name });
	const setTitle = (text: string): void => {
		say(title, text);
		document.title = `${text} - ${session.gateway}`;
	};
	setTitle(page.title);
	bar.replaceChildren();
	main.replaceChildren(root);
	moveTo = page.open({ where, root, bar, session, signal: left.signal, title: setTitle }) ?? null;
}

function onHash(): void {
	const secret = secretOfLink();

	if (secret)		/* another link, in a tab that is open: it counts, whoever is signed in here */
		over("", secret);
	else if (signedIn)
		showPlace();
}

function showPlace(): void {
	const { name, where } = parse(location.hash);

	if (!name)
		history.replaceState(null, "", link(pages[0]!.name));
	show(name, where);
}

/* ---- who is signed in ---- */

async function signOut(): Promise<void> {
	const all = el("input", { type: "checkbox", id: "everywhere" });

	if (!await ask("Sign out", [el("p", {}, `You are ${session.principal}, as ${session.role}.`),
				    el("p", { class: "tick" }, all, el("label", { for: "everywhere" }, "Everywhere: all browsers of this name"))],
		       "Sign out"))
		return;
	await call("DELETE", all.checked ? "/console/session?everywhere=true" : "/console/session");
	over("You are signed out.");
}

function over(why: string, secret = ""): void {
	stopLive();
	signedIn = false;
	left.abort();
	openPage = null;
	document.body.replaceChildren();
	showLogin(why, () => location.reload(), secret);
}

/* ---- the frame ---- */

function menu(): HTMLElement {
	const list = el("ul", {});

	for (const page of pages) {
		const item = el("a", { href: link(page.name) }, el("span", {}, page.title), el("kbd", { "aria-hidden": "true" }, page.key));
		items.set(page.name, item);
		list.append(el("li", {}, item));
		always("g " + page.key, page.title, () => go(link(page.name)));
	}
	return list;
}

function frame(): void {
	const open = button("Menu", () => {
		const shown = side.classList.toggle("shown");
		open.setAttribute("aria-expanded", String(shown));
	}, "menu", { "aria-expanded": "false", "aria-controls": "side" });
	const list = menu();
	const side = el("nav", { id: "side", "aria-label": "Pages" }, el("p", { class: "brand", title: `headgate ${session.version}` }, session.gateway),
		list, el("div", { class: "foot" }, live, button("Keys", help, "quiet", { "aria-keyshortcuts": "?" }),
			 button(session.principal.replace(/^console:/, ""), () => signOut().catch(complain), "quiet",
				{ title: `${session.role}; sign out`, "aria-label": `${session.principal}, ${session.role}: sign out` })));

	list.addEventListener("click", () => {
		side.classList.remove("shown");
		open.setAttribute("aria-expanded", "false");
	});
	document.body.replaceChildren(el("a", { class: "skip", href: "#main", onclick: (event: MouseEvent) => {
		event.preventDefault();
		main.focus();
	} }, "Skip to the page"), side, el("div", { class: "stage" }, el("header", {}, open, title, bar), main), ...noticeBoards());
}

function begin(made: Session): void {
	session = made;
	signedIn = true;
	document.documentElement.lang = "en";
	frame();
	always("?", "these keys", help);
	always("/", "filter or search", () => document.querySelector<HTMLElement>("input[type=search]")?.focus());
	always("u", "up: out of what is open", () => {
		const { name, where } = parse(location.hash);
		if (where.path.length)
			go(link(name, where.path.slice(0, -1), Object.fromEntries(where.query)));
	});
	addEventListener("keydown", onKey);
	onSignedOut(() => over("Your session is over."));
	onLiveState(up => {
		live.className = "mark " + (up ? "good" : "wait");
		say(live, up ? "live" : "waiting");
	});
	startLive();
	showPlace();
}

/* A login link's secret stands behind the #, which browsers tell no server; it is out of the address bar at once. */
function secretOfLink(): string {
	const found = /^#login=([\w-]{1,200})$/.exec(location.hash);

	if (found)
		history.replaceState(null, "", "/");
	return found ? found[1]! : "";
}

export async function run(all: Page[]): Promise<void> {
	const secret = secretOfLink();

	pages = all;
	addEventListener("hashchange", onHash);
	try {
		if (secret)
			throw 0;
		begin(await get<Session>("/console/session"));
	} catch (error) {
		if (error !== 0 && (error as { status?: number }).status !== 401)
			showLogin((error as Error).message, () => location.reload());
		else
			showLogin(secret ? "" : "You are not signed in.", () => get<Session>("/console/session").then(s => {
				begin(s);
				tell(`Signed in as ${s.role}.`);
			}, complain), secret);
	}
}
