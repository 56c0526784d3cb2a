/* The customer's phone: WhatsApp and SMS. */
import { act, watch } from "./live.js";
import { clock, el, icon, stick } from "./dom.js";

const APPS = {
	/* name: of the app; about: under the shop's name */
	whatsapp: { name: "WhatsApp", icon: "whatsapp", about: "business account", chips: ["hello!", "my order 4711 is late", "any news?", "thanks!", "I want a human"] },
	sms: { name: "SMS", icon: "sms", about: "+44 7700 900900", chips: ["it's me again, any news?", "hello!", "STOP", "START"] },
	mail: { name: "Mail", icon: "mail", about: "hello@tidemark.example", chips: ["Thank you, that helps.", "Do you ship to Porto?"] },
};
const WRITING_MS = 6000;

export function phone(root, notice) {
	const talk = el("div", { class: "talk", role: "log", "aria-label": "Messages on the phone", tabindex: "0" });
	const field = el("input", { "aria-label": "Message", placeholder: "Message", autocomplete: "off", maxlength: "1000" });
	const chips = el("div", { class: "chips" });
	const about = el("small");
	const time = el("span");
	const tabs = {}, bubbles = { whatsapp: new Map(), sms: new Map(), mail: new Map() }, unread = { whatsapp: 0, sms: 0, mail: 0 };
	const writing = el("div", { class: "writing", role: "status", "aria-label": "the agent is typing" }, el("i"), el("i"), el("i"));
	const nothing = el("p", { class: "nothing" });
	let app = "whatsapp", writingEnds;

	function write(text) {
		if (text.trim())
			act("/do/phone", { app, text: text.trim() });
	}

	function drawApps() {
		for (const [name, tab] of Object.entries(tabs)) {
			tab.setAttribute("aria-pressed", name === app);
			tab.setAttribute("aria-label", `${APPS[name].name}${unread[name] ? `, ${unread[name]} new` : ""}`);
			tab.replaceChildren(icon(APPS[name].icon), el("span", { class: "name" }, APPS[name].name), ...(unread[name] ? [el("span", { class: "badge" }, unread[name])] : []));
		}
		root.dataset.app = app;
		about.textContent = APPS[app].about;
	}

	function drawChips() {
		const again = el("button", { type: "button", class: "chip", onclick: () => act("/do/again", { app }), title: "The provider delivers the last message a second time" },
			icon("again"), "deliver it again");
		again.disabled = ![...bubbles[app].values()].some((bubble) => bubble.classList.contains("mine"));
		const photo = el("button", { type: "button", class: "chip", onclick: () => act("/do/photo") }, icon("photo"), "a photo");
		chips.replaceChildren(...APPS[app].chips.map((text) => el("button", { type: "button", class: "chip", onclick: () => write(text) }, text)),
			...(app === "whatsapp" ? [photo] : []), again);
	}

	function drawTalk() {
		nothing.textContent = `Nothing yet. Write to the shop by ${APPS[app].name}.`;
		talk.replaceChildren(...(bubbles[app].size ? bubbles[app].values() : [nothing]));
		talk.scrollTop = talk.scrollHeight;
	}

	function show(name) {
		app = name;
		seen();
		drawApps();
		drawChips();
		drawTalk();
	}

	/* Read receipts, for what is really on show. */
	function seen() {
		if (document.hidden || !root.offsetParent)
			return;
		if (unread[app] || app === "whatsapp")
			act("/do/seen", { app });
		unread[app] = 0;
		drawApps();
		tell();
	}

	function tell() {
		notice(unread.whatsapp + unread.sms + unread.mail);
	}

	function ticks(card) {
		if (!card.mine)
			return null;
		if (card.ticks < 0)
			return el("span", { title: "not taken" }, "not sent");
		if (card.app !== "whatsapp")
			return null;
		return el("span", { class: card.ticks > 2 ? "ticks read" : "ticks", title: card.ticks > 2 ? "read" : "delivered" }, card.ticks > 1 ? "✓✓" : "✓");
	}

	function fill(bubble, card) {
		bubble.replaceChildren(card.picture ? el("img", { src: card.picture, alt: "A blue bowl, broken in two", width: "360", height: "270" }) : "",
			card.subject ? el("b", {}, card.subject) : "", el("span", {}, card.text), el("div", { class: "meta" }, el("time", { datetime: card.at }, clock(card.at)), ticks(card)));
	}

	watch("phone", (card, fresh) => {
		const known = bubbles[card.app].get(card.key);
		const bubble = known ?? el("div", { class: `bubble${card.mine ? " mine" : ""}${fresh ? " fresh" : ""}` });
		fill(bubble, card);
		if (known)
			return;
		bubbles[card.app].set(card.key, bubble);
		writing.remove();
		if (card.app === app)
			stick(talk, () => { nothing.remove(); talk.append(bubble); });
		drawChips();
		if (!card.mine) {
			unread[card.app]++;
			drawApps();
			tell();
			if (card.app === app)
				setTimeout(seen, 1200);
		}
	});

	watch("sign", (card, fresh) => {
		if (!fresh || card.app !== app)
			return;
		clearTimeout(writingEnds);
		stick(talk, () => talk.append(writing));
		writingEnds = setTimeout(() => writing.remove(), WRITING_MS);
	});

	for (const name of Object.keys(APPS))
		tabs[name] = el("button", { type: "button", class: "app", onclick: () => show(name) });
	setInterval(() => { time.textContent = clock(Date.now()); }, 1000);
	time.textContent = clock(Date.now());
	root.append(el("div", { class: "screen" },
		el("div", { class: "phone-status", "aria-hidden": "true" }, time, el("span", { class: "island" }), el("span", { class: "battery" })),
		el("div", { class: "apps", role: "group", "aria-label": "Apps" }, Object.values(tabs)),
		el("div", { class: "with" }, el("span", { class: "face", "aria-hidden": "true" }, "T"), el("div", {}, el("b", {}, "Tidemark Pottery"), about)),
		talk, chips,
		el("form", { class: "say", onsubmit: (event) => { event.preventDefault(); write(field.value); field.value = ""; } },
			field, el("button", { "aria-label": "Send" }, icon("send")))));
	document.addEventListener("visibilitychange", seen);
	show(app);
	return { show, seen, write: (text) => write(text), focus: () => field.focus() };
}
