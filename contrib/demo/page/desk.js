/* The helpdesk: tickets made of webhooks, answers through the API. */
import { act, watch } from "./live.js";
import { CHANNEL_ICONS, CHANNEL_NAMES, clock, el, icon, stick } from "./dom.js";

const TYPING_EVERY_MS = 3000;
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

function channelIcon(channel) {
	return icon(CHANNEL_ICONS[CHANNEL_NAMES[channel]] ?? "web");
}

/* A picture is as high as it is only once it is there. */
function grown({ target }) {
	const list = target.closest(".lines");

	if (list && list.scrollHeight - list.scrollTop - list.clientHeight < target.offsetHeight + 60)
		list.scrollTop = list.scrollHeight;
}

function file(one) {
	const url = `/file/${one.id}?type=${encodeURIComponent(one.type ?? "")}`;
	if (one.state !== "stored")
		return el("span", {}, `${one.name ?? "a file"} (${one.state ?? "on its way"})`);
	if (PICTURES.includes(one.type))
		return el("a", { href: url, target: "_blank", rel: "noopener" }, el("img", { src: url, alt: one.name ?? "a picture", onload: grown }));
	return el("a", { href: url, download: one.name ?? "file" }, one.name ?? "a file");
}

export function desk(root, notice) {
	const tickets = new Map();
	const list = el("ul", { class: "list" });
	const about = el("div", { class: "about" });
	const lines = el("div", { class: "lines", role: "log", "aria-label": "Conversation", tabindex: "0" });
	const field = el("textarea", { "aria-label": "Answer", rows: "2", placeholder: "Answer as Ben" });
	const noteButton = el("button", { type: "button", class: "button quiet", "aria-pressed": "false" }, icon("note"), "Note");
	const solveButton = el("button", { type: "button", class: "button quiet" });
	const sendButton = el("button", { class: "button main" }, "Send");
	const form = el("form", { class: "answer" }, field, el("div", { class: "row" }, noteButton, solveButton, sendButton));
	const empty = el("p", { class: "empty" }, el("b", {}, "No tickets"), "A greeting makes none. Ask for something, and one comes, with the whole conversation.");
	let current = null, noting = false, typed = -Infinity;

	function ofNewest() {
		return [...tickets.values()].sort((a, b) => (b.lines.at(-1)?.at ?? "").localeCompare(a.lines.at(-1)?.at ?? ""));
	}

	function row(ticket) {
		const last = ticket.lines.filter((line) => line.from !== "system").at(-1);
		return el("li", {}, el("button", { type: "button", class: "ticket", "aria-current": ticket.thread === current ? "true" : null, onclick: () => open(ticket.thread) },
			el("span", { class: "who" }, channelIcon(ticket.channel), el("span", {}, ticket.contact ?? "Visitor")),
			el("span", { class: "no" }, ticket.link ?? ticket.number),
			el("span", { class: "last" }, last ? last.text || last.files.map((one) => one.name ?? "a file").join(", ") : ""),
			el("span", { class: "end" }, ticket.unread ? el("span", { class: "unread", title: "not read" }, ticket.unread) :
				el("span", { class: `state ${ticket.state} ${ticket.priority === "high" && ticket.state === "open" ? "urgent" : ""}` },
					ticket.priority === "high" && ticket.state === "open" ? "high" : ticket.state))));
	}

	function said(line) {
		if (line.from === "system")
			return el("p", { class: "said system" }, line.text);
		const name = { note: `${line.name ?? "Note"}`, gateway: "headgate", rule: "a rule", bot: "bot" }[line.from] ?? line.name;
		const state = line.from === "customer" || line.from === "note" ? null : line.state;
		return el("div", { class: `said ${line.from}` },
			el("div", { class: "by" }, line.from === "note" ? icon("note") : line.channel ? channelIcon(line.channel) : null,
				el("span", {}, line.from === "note" ? "Internal note" : line.from === "customer" ? tickets.get(current)?.contact ?? name : name ?? "Agent"),
				el("time", { datetime: line.at }, clock(line.at)),
				state && state !== "none" ? el("span", { class: `state ${state}` }, state) : null),
			line.deleted ? el("em", {}, "taken back") : line.text,
			...line.files.map(file),
			line.error ? el("div", { class: "by" }, line.error) : "");
	}

	function drawList() {
		list.replaceChildren(...ofNewest().map(row));
		const unread = [...tickets.values()].reduce((sum, ticket) => sum + ticket.unread, 0);
		notice(unread);
	}

	function drawTicket() {
		const ticket = tickets.get(current);
		if (!ticket)
			return;
		const stars = ticket.csat ? ` · rated ${ticket.csat.score}` : "";
		about.replaceChildren(
			el("h3", {}, el("span", {}, ticket.contact ?? "Visitor"), el("small", {}, `${ticket.number}${ticket.link ? ` = ${ticket.link}` : ""}${stars}`)),
			el("ul", { class: "known" }, ticket.addresses.filter((one) => one.proof !== "former").map((one) =>
				el("li", { class: one.proof, title: one.proof === "proven" ? "somebody vouches for it" : "he says so" }, short(one.uri)))));
		lines.replaceChildren(...ticket.lines.map(said));
		solveButton.replaceChildren(icon("check"), ticket.state === "solved" ? "Open again" : "Solve");
	}

	function open(thread) {
		current = thread;
		drawList();
		drawTicket();
		lines.scrollTop = lines.scrollHeight;
		read();
	}

	function read() {
		if (current && tickets.get(current)?.unread && !document.hidden && root.offsetParent)
			act("/do/read", { thread: current });
	}

	function draw() {
		root.replaceChildren(bar, ...(tickets.size ? [list, about, lines, form] : [empty]));
	}

	watch("desk", (card, fresh) => {
		const isNew = !tickets.has(card.thread);
		tickets.set(card.thread, card);
		if (isNew && tickets.size === 1)
			draw();
		if (!current || (isNew && fresh && !field.value))
			current = card.thread;
		/* The list grows at the cost of the conversation: that stays at its end all the same. */
		stick(lines, () => {
			drawList();
			if (card.thread === current)
				drawTicket();
		});
		if (card.thread === current) {
			if (fresh)
				lines.lastElementChild?.classList.add("fresh");
			setTimeout(read, 900);
		}
	});

	function note(on) {
		noting = on;
		noteButton.setAttribute("aria-pressed", on);
		form.classList.toggle("note", on);
		field.placeholder = on ? "Only agents see this" : "Answer as Ben";
		sendButton.textContent = on ? "Add note" : "Send";
	}

	async function send(event) {
		event?.preventDefault();
		const text = field.value.trim();
		if (!text || !current)
			return;
		field.value = "";
		if (!await act(noting ? "/do/note" : "/do/reply", { thread: current, text }))
			field.value = text;
		note(false);
	}

	form.addEventListener("submit", send);
	field.addEventListener("keydown", (event) => {
		if (event.key === "Enter" && !event.shiftKey && !event.isComposing)
			send(event);
	});
	field.addEventListener("input", () => {
		if (noting || performance.now() - typed < TYPING_EVERY_MS)
			return;
		typed = performance.now();
		fetch("/do/typing", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ thread: current }) });
	});
	noteButton.addEventListener("click", () => note(!noting));
	solveButton.addEventListener("click", () => act("/do/solve", { thread: current, state: tickets.get(current)?.state === "solved" ? "open" : "solved" }));
	document.addEventListener("visibilitychange", read);

	const bar = el("div", { class: "desk-bar" }, icon("desk"), el("b", {}, "Toy desk"),
		el("span", { class: "me" }, el("span", { class: "face-ben", "aria-hidden": "true" }, "B"), "Ben, agent"));
	draw();
	return {
		read,
		write(text) {
			const newest = ofNewest().find((ticket) => ticket.state === "open") ?? ofNewest()[0];
			if (!newest)
				return false;
			open(newest.thread);
			note(false);
			field.value = text;
			field.focus();
			return true;
		},
	};
}

/* tel:+447700900123 and such, for people. */
function short(uri) {
	const [kind, rest] = [uri.slice(0, uri.indexOf(":")), uri.slice(uri.indexOf(":") + 1)];
	if (kind === "widget")
		return `visitor ${rest.slice(0, 6)}…`;
	if (kind === "user")
		return `customer ${rest.split(":").at(-1)}`;
	return rest.length > 26 ? `${rest.slice(0, 25)}…` : rest;
}
