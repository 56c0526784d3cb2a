/* menu.ts - what can be done beside writing */
import { el } from "./dom";
import { type Stage, asProblem, problemText } from "./stage";

/* Fills the menu with what there is to be done now; fold closes it. */
export function fillMenu(stage: Stage, menu: HTMLElement, fold: () => void): void {
	const { chat, speech } = stage;
	const { threads, current, channel, visitor } = chat.state;

	function item(text: string, act: () => void, kind = ""): HTMLButtonElement {
		return el("button", { type: "button", class: kind, onclick: () => {
			fold();
			act();
		} }, text);
	}

	async function mail(address: string): Promise<void> {
		try {
			await chat.transcript();
			stage.tell(speech.say("mailed", { name: address }));
		} catch (thrown) {
			stage.alarm(problemText(stage, asProblem(thrown)));
		}
	}

	/* It cannot be undone by who has no other way back to his conversations: asked once more. */
	function sure(event: Event): void {
		event.stopPropagation();
		menu.replaceChildren(item(speech.say("sure"), () => void chat.logout().then(() => stage.focusWriting()), "danger"),
			item(speech.say("cancel"), () => stage.focusWriting()));
		menu.querySelector("button")!.focus();
	}

	menu.replaceChildren();
	if (threads.length > 0 && stage.page === "talk")
		menu.append(item(speech.say("chats"), () => stage.go("chats")));
	if (current !== null)
		menu.append(item(speech.say("fresh"), () => {
			void chat.openThread(null);
			stage.go("talk");
		}));
	if (channel?.transcript && visitor?.email && current !== null)
		menu.append(item(speech.say("mail"), () => void mail(visitor.email!)));
	menu.append(el("button", { type: "button", class: "danger", onclick: sure }, speech.say("forget")));
}
