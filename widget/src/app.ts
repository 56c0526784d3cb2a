/* app.ts - what the loader fetches when the widget is wanted: core and view, and the verbs of the host page */
import { Chat } from "./core";
import type { ChatCore, EventName, Handler, Identity, Settings, Theme } from "./types";
import { mount } from "./view";

/* window.headgate and <headgate-chat>: these, and ready. */
export type Verbs = Pick<ChatCore, "open" | "close" | "toggle" | "show" | "hide" | "identify" | "logout" | "setLocale" |
	"setTheme" | "setContext" | "startConversation" | "send" | "prefill" | "transcript" | "on" | "destroy"> &
	{ unread(): number };

export interface App extends Verbs {
	/* Once, after what the page said before. */
	start(): void;
}

/* By name: what the page said to boot(), or an attribute, where it is only there or not. */
export type Read = (name: string) => any;

function settingsOf(read: Read): Settings {
	const theme: Record<string, string> = { ...read("theme") };
	for (const name of ["mode", "accent", "on_accent", "position"])
		if (read(name) != null)
			theme[name] = read(name);
	return {
		channel: read("channel") ?? "",
		base: read("base"),
		locale: read("locale") || document.documentElement.lang || navigator.language,
		identity: read("identity"),
		context: read("context"),
		remember: read("remember") === "session" ? "session" : "browser",
		theme,
		open: read("open") != null,
		launcher: read("launcher") !== "off",
		embed: read("embed") != null,
	};
}

export function make(root: ShadowRoot, button: HTMLButtonElement, read: Read): App {
	const chat = new Chat(settingsOf(read));
	const unmount = mount(chat, root, button);
	return {
		open: () => chat.open(),
		close: () => chat.close(),
		toggle: () => chat.toggle(),
		show: () => chat.show(),
		hide: () => chat.hide(),
		identify: (identity: Identity) => chat.identify(identity),
		logout: () => chat.logout(),
		setLocale: (locale: string) => chat.setLocale(locale),
		setTheme: (theme: Partial<Theme>) => chat.setTheme(theme),
		setContext: (context: Record<string, string>) => chat.setContext(context),
		startConversation: (text?: string) => chat.startConversation(text),
		send: (text: string) => chat.send(text),
		prefill: (text: string) => chat.prefill(text),
		transcript: (thread?: string) => chat.transcript(thread),
		unread: () => chat.state.unread,
		on: <N extends EventName>(name: N, handler: Handler<N>) => chat.on(name, handler),
		start: () => chat.start(),
		destroy: () => {
			chat.destroy();
			unmount();
		},
	};
}
