/* What there is to try: each does it for you, or puts you where you can, and is ticked off by what the gateway says. */
import { act } from "./live.js";
import { el, icon } from "./dom.js";

const ANSWER = "The blue bowl goes into the dishwasher. The gold rim does not.";
const MAILED = "By the way: we have packed your order.";
const TRIES = [
	{
		key: "hello", word: "Say hello in the shop", seen: (card) => card.channel === "Web chat" && card.outcome === "held",
		go(page) {
			page.show("shop");
			page.chat?.startConversation("hello!");
		},
	},
	{
		key: "ask", word: "Ask for something", seen: (card) => card.channel === "Web chat" && ["waits", "ticket"].includes(card.outcome),
		go(page) {
			page.show("shop");
			page.chat?.prefill("Can the blue bowl go into the dishwasher?");
			page.chat?.open();
		},
	},
	{
		key: "answer", word: "Answer as agent", seen: (card) => card.outward && card.who === "Ben",
		go(page) {
			page.show("desk");
			if (!page.desk.write(ANSWER))
				page.toast("There is no ticket yet: ask for something first.");
		},
	},
	{
		key: "sign", word: "Sign in", seen: (card) => card.outcome === "one person",
		go(page) {
			page.show("shop");
			page.signIn();
		},
	},
	{
		key: "sms", word: "Go on by SMS", seen: (card) => card.channel === "SMS" && card.outcome === "joined",
		go(page) {
			page.show("phone");
			page.phone.show("sms");
			page.phone.write("it's me again, any news?");
		},
	},
	{
		key: "mail", word: "Leave, get it by mail", seen: (card) => card.outward && card.channel === "E-mail",
		go(page) {
			page.chat?.close();
			page.show("desk");
			page.toast(page.desk.write(MAILED) ? "The chat is closed. Send this answer: if it stays unread for 20 seconds, it comes by mail." :
				"There is no ticket yet: ask for something first.");
		},
	},
	{
		key: "twice", word: "Deliver it twice", seen: (card) => card.outcome === "dropped",
		go(page) {
			page.show("story");
			act("/do/again", { app: "whatsapp" });
		},
	},
];

/* Returns what is to hear of every new decision. */
export function tries(list, page) {
	const buttons = new Map();

	TRIES.forEach((one, at) => {
		const number = el("span", { class: "n" }, at + 1);
		const button = el("button", { type: "button", class: "try", onclick: () => one.go(page) }, number, one.word);
		buttons.set(one.key, { button, number });
		list.append(el("li", {}, button));
	});
	return (card) => {
		for (const one of TRIES) {
			const { button, number } = buttons.get(one.key);
			if (button.classList.contains("done") || !one.seen(card))
				continue;
			button.classList.add("done");
			number.replaceChildren(icon("check"), el("span", { class: "unseen" }, "done"));
		}
	};
}
