/* view.ts - draws a Chat: the button, and the panel in the visitor's language */
import { type ChatCore, type Part } from "./types";
import { CHAT, dress, strokes } from "./launcher";
import css from "./view.css";
import { el, say, set, show } from "./view/dom";
import { DOWN } from "./view/icons";
import { ALL, type Panel, makePanel } from "./view/panel";
import { type Speech, learn } from "./view/speech";

class View {
	private readonly style: CSSStyleDeclaration;
	private readonly badge = el("span", { class: "badge", "aria-hidden": "true", hidden: true });
	/* Beside the panel, which says nothing while it is shut. */
	private readonly news = el("div", { class: "hg" }, el("div", { class: "sr", role: "status" }));
	private readonly dark = matchMedia("(prefers-color-scheme: dark)");
	private readonly unwatch: () => void;
	private speech: Speech | null = null;
	private panel: Panel | null = null;
	private asked = "";
	private ended = false;
	private icon = "";

	constructor(private readonly chat: ChatCore, private readonly root: ShadowRoot, private readonly button: HTMLButtonElement) {
		const file = new URL(__STYLES__.view ?? "", import.meta.url).href;

		this.style = dress(root, css, file, root.host as HTMLElement);
		button.append(this.badge);
		button.setAttribute("aria-haspopup", "dialog");
		button.addEventListener("click", this.toggle);
		this.dark.addEventListener("change", this.drawAll);
		root.append(this.news);
		this.unwatch = chat.watch(parts => this.draw(parts));
		this.drawAll();
	}

	private readonly toggle = (): void => this.chat.toggle();
	private readonly drawAll = (): void => this.draw(ALL);

	private draw(parts: ReadonlySet<Part>): void {
		const { theme } = this.chat.state;

		this.style.setProperty("--accent", theme.accent);
		this.style.setProperty("--on-accent", theme.on_accent);
		this.drawButton();
		if (this.chat.state.locale !== this.asked)
			void this.speak();
		else
			this.panel?.draw(parts);
	}

	private drawButton(): void {
		const { state } = this.chat;
		const icon = state.open ? DOWN : CHAT;
		const unread = state.unread > 0 && !state.open;

		show(this.button, state.shown && !state.embed && !(state.phase === "refused" && state.problem?.word === "identity-required"));
		this.button.classList.toggle("start", state.theme.position === "start");
		set(this.button, "aria-expanded", String(state.open));
		if (icon !== this.icon)
			this.button.querySelector("svg")?.replaceWith(strokes(this.icon = icon));
		say(this.badge, state.unread > 99 ? "99+" : String(state.unread));
		show(this.badge, unread);
		if (this.speech)
			this.name(this.speech, unread);
	}

	private name(speech: Speech, unread: boolean): void {
		const { state } = this.chat;
		const count = unread ? speech.say("unread", { n: state.unread }) : "";

		set(this.button, "aria-label", [speech.say(state.open ? "close" : "open"), count].filter(Boolean).join(". "));
		this.button.dir = speech.dir;
		this.button.lang = this.news.lang = speech.code;
		say(this.news.firstElementChild!, count);
	}

	/* In another language everything is another text: the panel is made anew. */
	private async speak(): Promise<void> {
		const locale = this.asked = this.chat.state.locale;
		const speech = await learn(locale);

		if (this.ended || locale !== this.asked)
			return;
		const old = this.panel;
		this.speech = speech;
		this.panel = makePanel(this.chat, speech, this.root, this.button, this.style, !old);
		this.root.append(this.panel.element);
		old?.end();
		this.drawAll();
	}

	end(): void {
		this.ended = true;
		this.unwatch();
		this.dark.removeEventListener("change", this.drawAll);
		this.button.removeEventListener("click", this.toggle);
		this.panel?.end();
		this.news.remove();
		this.button.remove();
	}
}

/* Takes the loader's button over and draws chat.state.open; what it returns takes everything out again. */
export function mount(chat: ChatCore, root: ShadowRoot, button: HTMLButtonElement): () => void {
	const view = new View(chat, root, button);

	return () => view.end();
}
