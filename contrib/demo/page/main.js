/* Puts the panes together. */
import { begin, toast } from "./live.js";
import { el, icon } from "./dom.js";
import { desk } from "./desk.js";
import { phone } from "./phone.js";
import { story } from "./story.js";
import { tries } from "./tries.js";

const PANES = [["shop", "web", "Shop"], ["phone", "phone", "Phone"], ["story", "gate", "headgate"], ["desk", "desk", "Helpdesk"]];
const LOOKS = { auto: ["auto", "as the system"], light: ["sun", "light"], dark: ["moon", "dark"] };

/* ---- one pane at a time, where the screen is small ---- */
const tabs = {};
let shown = "shop";

function notice(name, on) {
	tabs[name]?.querySelector(".dot")?.remove();
	if (on && shown !== name)
		tabs[name]?.append(el("span", { class: "dot" }, el("span", { class: "unseen" }, "new")));
}

function show(name) {
	shown = name;
	for (const [pane] of PANES) {
		document.getElementById(`pane-${pane}`).classList.toggle("shown", pane === name);
		tabs[pane].setAttribute("aria-current", pane === name);
	}
	notice(name, false);
	parts.phone.seen();
	parts.desk.read();
}

for (const [name, picture, word] of PANES)
	tabs[name] = el("button", { type: "button", class: "tab", onclick: () => show(name) }, icon(picture), word);
document.querySelector(".tabs").append(...PANES.map(([name]) => tabs[name]));

/* ---- light and dark ---- */
const lookButton = document.getElementById("look");
const shop = document.getElementById("shop");

function drawLook() {
	const [picture, word] = LOOKS[window.look.mode];
	lookButton.replaceChildren(icon(picture));
	lookButton.title = `Colours: ${word}`;
	lookButton.setAttribute("aria-label", `Colours: ${word}`);
}

lookButton.addEventListener("click", () => {
	const modes = Object.keys(LOOKS);
	window.look.set(modes[(modes.indexOf(window.look.mode) + 1) % modes.length]);
});
addEventListener("look", drawLook);

/* ---- the parts ---- */
const guide = tries(document.getElementById("tries"), {
	show,
	toast,
	get phone() {
		return parts.phone;
	},
	get desk() {
		return parts.desk;
	},
	/* The widget's own verbs, in the shop's page. */
	get chat() {
		return shop.contentWindow?.headgate;
	},
	signIn() {
		shop.contentDocument?.getElementById("sign-in")?.click();
	},
});
const parts = {
	phone: phone(document.getElementById("phone"), (unread) => notice("phone", unread > 0)),
	desk: desk(document.getElementById("desk"), (unread) => notice("desk", unread > 0)),
};
story(document.getElementById("story"), (card, fresh) => {
	if (fresh) {
		notice("story", true);
		guide(card);
	}
});
drawLook();
show(shown);

const alive = document.getElementById("alive");
begin((on) => {
	alive.classList.toggle("on", on);
	alive.textContent = on ? "live" : "stopped";
});
