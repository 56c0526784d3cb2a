/* login.ts - the page for who is not signed in: a link is used up by a button, so that no prefetch uses it */
import { call } from "./api";
import { busy, el, say, show } from "./dom";

export function showLogin(why: string, then: () => void, secret = ""): void {
	const wrong = el("p", { class: "wrong", role: "alert", hidden: true });
	const press = el("button", { class: "main", type: "submit" }, "Sign in");
	const form = el("form", { class: "login", onsubmit: (event: Event) => {
		event.preventDefault();
		show(wrong, false);
		void busy(press, async () => {
			try {
				await call("POST", "/console/session", { secret });
				then();
			} catch (error) {
				say(wrong, (error as Error).message);
				show(wrong, true);
				show(press, false);
				show(how, true);
			}
		});
	} });
	const how = el("div", {}, el("p", {}, "On the machine headgate runs on, this prints a link that signs you in once:"),
		       el("pre", {}, "headgatectl console"), el("p", { class: "minor" }, "With --role viewer or --role operator it gives less away."));

	show(how, !secret);
	show(press, !!secret);
	form.append(el("h1", {}, "headgate"), el("p", {}, secret ? "This link signs you in, once." : why), wrong, press, how);
	document.title = "Sign in - headgate";
	document.body.replaceChildren(el("main", { class: "gate" }, form));
	if (secret)
		press.focus();
}
