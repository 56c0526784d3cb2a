/* page.ts - the hosted page inside a frame or an app's web view (/chat/NAME?embed=1): verbs come in as messages, events
 * and answers go out as messages
 *
 *	in	{ headgate: "call", id, verb, args: [...] }	id: anything, comes back with the answer
 *	out	{ headgate: "answer", id, value } or { headgate: "answer", id, error: "..." }
 *		{ headgate: "event", name, data }
 *
 * A frame is told by postMessage, and believes its parent only, which the server's frame-ancestors has let in.  An app
 * has one of the objects below in the page, and calls window.headgateCall(message), or posts to the window.
 */
interface Call {
	headgate: "call";
	id?: unknown;
	verb: string;
	args?: unknown[];
}

type Headgate = Record<string, (...args: unknown[]) => unknown>;

const VERBS = ["open", "close", "toggle", "show", "hide", "identify", "logout", "setLocale", "setTheme", "setContext",
	"startConversation", "send", "prefill", "transcript", "unread"];
const EVENTS = ["ready", "open", "close", "message", "unread", "typing", "ticket", "csat", "error"];

const host = window as any;
const framed = window.parent !== window;

/* Where the parent is from: not known by every browser; then nothing is told to anybody. */
function parentOrigin(): string | null {
	const above = (location as any).ancestorOrigins?.[0] as string | undefined;
	if (above)
		return above;
	try {
		return document.referrer ? new URL(document.referrer).origin : null;
	} catch {
		return null;
	}
}

const origin = framed ? parentOrigin() : location.origin;

function tell(message: unknown): void {
	if (framed) {
		if (origin)
			window.parent.postMessage(message, origin);
		return;
	}
	/* WKWebView takes objects; Android, React Native and Flutter take texts. */
	host.webkit?.messageHandlers?.headgate?.postMessage(message);
	host.headgateHost?.postMessage?.(JSON.stringify(message));
	host.ReactNativeWebView?.postMessage(JSON.stringify(message));
}

function isCall(value: unknown): value is Call {
	const call = value as Call | null;
	return typeof call === "object" && call !== null && call.headgate === "call" && typeof call.verb === "string" &&
		(call.args === undefined || Array.isArray(call.args));
}

/* Only what can be a message: a promise's value, no functions. */
function plain(value: unknown): unknown {
	return value === undefined || typeof value === "function" ? null : JSON.parse(JSON.stringify(value));
}

function words(error: unknown): string {
	const problem = error as { detail?: string; message?: string; word?: string } | null;
	return problem?.detail || problem?.message || problem?.word || String(error);
}

async function answer(headgate: Headgate, call: Call): Promise<void> {
	try {
		if (!VERBS.includes(call.verb))
			throw new Error(`there is no verb "${call.verb}"`);
		const value = await headgate[call.verb]!(...(call.args ?? []));
		tell({ headgate: "answer", id: call.id, value: plain(value) });
	} catch (error) {
		tell({ headgate: "answer", id: call.id, error: words(error) });
	}
}

/* A text is taken too: bridges of apps have nothing else. */
function parsed(data: unknown): unknown {
	if (typeof data !== "string")
		return data;
	try {
		return JSON.parse(data);
	} catch {
		return null;
	}
}

function begin(headgate: Headgate): void {
	const take = (data: unknown): void => {
		const call = parsed(data);
		if (isCall(call))
			void answer(headgate, call);
	};
	for (const name of EVENTS)
		headgate.on!(name, (data: unknown) => tell({ headgate: "event", name, data: plain(data) }));
	window.addEventListener("message", (event) => {
		if (event.source === window.parent && event.origin === origin)
			take(event.data);
	});
	if (!framed)
		host.headgateCall = take;
}

(host.headgate = host.headgate || []).push(begin);

export {};
