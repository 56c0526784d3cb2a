/* compose.ts - what one writes to the customer (with what it will cost), and notes that never leave */
import { at, call, newKey, part, Problem, send } from "../api";
import { button, busy, complain, el, say, show, tell } from "../dom";
import { settled } from "../live";
import { address, bytes } from "../say";
import type { Thread } from "../types";

const FILES_MAX = 10;

interface Attached {
	sha256: string;
	name: string;
	type: string;
}

export interface Preview {
	preview: { channel: string; to: string; units?: number; parts: { units?: number; coding?: string; left?: number; attachment?: number }[] };
}

export interface Composer {
	element: HTMLElement;
	reply(): void;
	note(): void;
}

export function costOf({ preview }: Preview): string {
	const last = preview.parts[preview.parts.length - 1];
	const parts = preview.parts.length === 1 ? "1 message" : `${preview.parts.length} messages`;
	const units = preview.units ? `, ${preview.units} ${preview.units === 1 ? "segment" : "segments"}` : "";
	const left = last?.left !== undefined && preview.units ? ` (${last.coding ?? ""}, ${last.left} more fit)` : "";

	return `${parts} to ${address(preview.to)} by ${preview.channel}${units}${left}`;
}

export function composer(thread: Thread, agent: string, signal: AbortSignal, done: () => void): Composer {
	const where = `/v1/threads/${part(thread.id)}`;
	let isNote = false, key = newKey();
	const files: Attached[] = [];
	const text = el("textarea", { rows: 3, "aria-label": "Message" });
	const cost = el("p", { class: "cost minor", role: "status" });
	const chips = el("ul", { class: "chips" });
	const picker = el("input", { type: "file", multiple: true, hidden: true, onchange: () => {
		const chosen = [...picker.files ?? []];
		picker.value = "";
		void busy(attach, () => upload(chosen));
	} });
	const attach = button("Attach", () => picker.click(), "quiet");
	const post = el("button", { type: "submit", class: "main" }, "Send");
	const tabs = [button("Reply", () => become(false)), button("Note", () => become(true))];

	async function upload(chosen: File[]): Promise<void> {
		for (const file of chosen) {
			if (files.length >= FILES_MAX)
				throw new Error(`At most ${FILES_MAX} files go with a message.`);
			const answer = await send("POST", at("/v1/attachments", { name: file.name }), undefined, { raw: file, signal });
			const { attachment } = await answer.json() as { attachment: { sha256: string } };
			const one = { sha256: attachment.sha256, name: file.name, type: file.type || "application/octet-stream" };
			const chip = el("li", {}, el("bdi", {}, file.name), ` ${bytes(file.size)} `, button("✕", () => {
				files.splice(files.indexOf(one), 1);
				chip.remove();
				look();
			}, "quiet", { "aria-label": `Remove ${file.name}` }));
			files.push(one);
			chips.append(chip);
		}
		look();
	}
	const body = (): Record<string, unknown> => ({ text: text.value, agent, ...(files.length ? { attachments: files } : {}) });
	const look = settled(async () => {
		if (isNote || (!text.value.trim() && !files.length)) {
			say(cost, isNote ? "Seen by people here and in the helpdesk, never by the customer." : "");
			return;
		}
		try {
			say(cost, costOf(await call<Preview>("POST", where + "/replies/preview", body(), { signal })));
			cost.classList.remove("wrong");
		} catch (error) {
			if (!(error instanceof Problem))
				return;
			say(cost, error.message);
			cost.classList.add("wrong");
		}
	}, 400);
	function become(note: boolean): void {
		isNote = note;
		tabs.forEach((tab, i) => tab.setAttribute("aria-pressed", String((i === 1) === note)));
		text.placeholder = note ? "A note for colleagues" : `An answer to ${thread.contact?.name ?? address(thread.reply_to)}`;
		text.setAttribute("aria-label", note ? "Note" : "Reply");
		post.textContent = note ? "Save note" : "Send";
		form.classList.toggle("note", note);
		show(attach, !note);
		show(chips, !note);
		look();
		text.focus({ preventScroll: true });
	}
	async function submit(): Promise<void> {
		if (!text.value.trim() && !(files.length && !isNote))
			return;
		if (isNote) {
			await call("POST", where + "/notes", { text: text.value, agent }, { key });
		} else {
			await call("POST", where + "/replies", body(), { key });
			tell("On its way.");
		}
		key = newKey();
		text.value = "";
		files.length = 0;
		chips.replaceChildren();
		cost.classList.remove("wrong");
		look();
		done();
	}
	const form = el("form", { class: "compose", "aria-label": "Answer", onsubmit: (event: Event) => {
		event.preventDefault();
		void busy(post, submit);
	} }, el("div", { class: "tabs", role: "group", "aria-label": "What you write" }, ...tabs), text, chips,
		el("div", { class: "foot" }, cost, picker, attach, post));

	text.addEventListener("input", look);
	text.addEventListener("keydown", event => {
		if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
			event.preventDefault();
			form.requestSubmit();
		}
	});
	text.addEventListener("paste", event => {
		const pasted = [...event.clipboardData?.files ?? []];
		if (pasted.length && !isNote) {
			event.preventDefault();
			upload(pasted).catch(complain);
		}
	});
	post.title = "Ctrl+Enter";
	tabs.forEach((tab, i) => tab.setAttribute("aria-pressed", String(i === 0)));
	text.placeholder = `An answer to ${thread.contact?.name ?? address(thread.reply_to)}`;
	return { element: form, reply: () => become(false), note: () => become(true) };
}
