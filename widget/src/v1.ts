/* v1.ts - the loader: all a page pays for until the widget is wanted, so every byte is counted here
 *
 *	<script async src="https://chat.example/widget/v1.js" data-channel="web"></script>
 *	<headgate-chat channel="web"></headgate-chat>		(with the script without data-channel)
 *
 * A page has one widget.  This defines <headgate-chat> and window.headgate, draws the button, and fetches app.ts when
 * the page is idle, or the button is looked at, or a verb is called.  Verbs wait in a queue until they
 * can be done, and so do those the page had put into an array of the same name:
 *
 *	(window.headgate = window.headgate || []).push(["identify", { jwt }])
 */
import type { App } from "./app";
import { drawLauncher } from "./launcher";
import type { LauncherLook } from "./types";

type Call = [verb: string, given: unknown[], done: (value: any) => void];
type Queued = [verb: string, ...given: unknown[]] | ((headgate: object) => void);

/* They wait for the app, and are a reason to fetch it; so does "on", and is none. */
const VERBS = ("open close toggle show hide identify logout setLocale setTheme setContext startConversation send " +
	"prefill transcript").split(" ");
const TAG = "headgate-chat";
const FILES = "/widget/";

const script = document.currentScript as HTMLScriptElement | null;
const queue: Call[] = [];
let given: Record<string, any> = {};
let host: HTMLElement | null = null;
let button: HTMLButtonElement | null = null;
let app: App | null = null;
let loading = false;
let wanted = false;
let tries = 0;

/* A setting: what boot() was given (false is as if it were not), an attribute of the element, data- of the script. */
function read(name: string): any {
	return (given[name] || host?.getAttribute(name)) ?? script?.dataset[name] ??
		(name === "base" ? script?.src.split("/widget/v1")[0] : undefined);
}

const is = (name: string): boolean => read(name) != null;

/* As the last page of this browser had it, or as this one says. */
function look(): LauncherLook {
	const it: Record<string, string> = { accent: "#1f5fbf", on_accent: "#fff", position: "end", label: "Chat" };
	try {
		Object.assign(it, JSON.parse(localStorage["headgate:look:" + read("channel")]));
	} catch {
		/* a first visit, or nothing is kept here */
	}
	for (const name in it)
		it[name] = read(name) ?? it[name];
	return { ...it, ...read("theme"), base: read("base") + FILES };
}

/* A verb, now or when it can be done. */
function call(verb: string, ...what: unknown[]): Promise<unknown> {
	return new Promise((done) => {
		queue.push([verb, what, done]);
		if (app)
			flush(app);
		else if (verb !== "on")
			want();
	});
}

function flush(it: App): void {
	for (const [verb, what, done] of queue.splice(0))
		done(new Promise((go) => go((it as any)[verb](...what))));	/* what it throws, too */
}

function want(): void {
	wanted = true;
	load();
}

function load(): void {
	const mine = button;
	if (loading || !mine)
		return;
	loading = true;
	/* Some browsers remember that an import failed: then another address is asked. */
	import(read("base") + FILES + __APP__ + (tries ? "?" + tries : "")).then(({ make }) => {
		if (button !== mine)
			return;
		mine.onclick = null;
		flush(app = make(host!.shadowRoot!, mine, read) as App);
		app.start();
	}, () => {
		loading = false;
		setTimeout(load, 2000 * ++tries);
	});
}

function begin(): void {
	const mine = button = drawLauncher(host!.shadowRoot ?? host!.attachShadow({ mode: "open" }), look());
	mine.hidden = is("embed") || read("launcher") === "off";
	mine.onclick = () => call("open");
	mine.onpointerenter = mine.onfocus = load;
	if (wanted || is("embed") || is("open"))
		load();
	else
		(self.requestIdleCallback ?? setTimeout)(load);
}

function end(): void {
	app?.destroy();
	button?.remove();
	host?.remove();
	host = button = app = null;
	loading = false;
}

const headgate: Record<string, any> = {
	/* Puts the element into the page. */
	boot(settings = {}) {
		if (host)
			return;
		given = settings;
		if (document.body)
			document.body.append(document.createElement(TAG));
		else
			addEventListener("DOMContentLoaded", () => headgate.boot(settings));
	},
	on(name: string, handler: (data: any) => void) {
		let on = true;
		call("on", name, (data: unknown) => on && handler(data));
		return () => { on = false; };
	},
	unread: () => app ? app.unread() : 0,
	destroy: end,
	push(...all: Queued[]) {
		for (const one of all)
			typeof one === "function" ? one(headgate) : headgate[one[0]](...one.slice(1));
	},
};

for (const verb of VERBS)
	headgate[verb] = (...what: unknown[]) => call(verb, ...what);
/* When it is known who the visitor is. */
headgate.ready = new Promise((done) => headgate.on("ready", () => done(headgate)));

if (!customElements.get(TAG)) {
	const page = window as unknown as { headgate: object };
	const before = page.headgate as Queued[] | undefined;
	page.headgate = headgate;
	customElements.define(TAG, class extends HTMLElement {
		constructor() {
			super();
			Object.assign(this, headgate);
		}

		connectedCallback(): void {
			if (!host) {
				host = this;
				begin();
			}
		}

		/* What is moved is taken out, too, and is back at once. */
		disconnectedCallback(): void {
			queueMicrotask(() => this === host && !this.isConnected && end());
		}
	});
	if (script?.dataset.channel)
		headgate.boot();
	headgate.push(...(before ?? []));
}
