/* The cards of the page's server, as they come; and what its buttons ask of it. */
const watchers = new Map();

/* watch("story", (card, fresh) => ...): fresh is false for what was there before this page was opened. */
export function watch(pane, seen) {
	watchers.set(pane, seen);
}

export function begin(alive) {
	const source = new EventSource("/live");
	let news = false;

	source.addEventListener("open", () => alive(true));
	source.addEventListener("error", () => alive(false));
	source.addEventListener("anew", () => {
		/* The first time there is nothing to forget; later it is another run of the demo. */
		if (news)
			location.reload();
	});
	source.addEventListener("now", () => { news = true; });
	source.addEventListener("message", (event) => {
		const card = JSON.parse(event.data);
		watchers.get(card.pane)?.(card, news);
	});
}

export async function ask(path, body) {
	const answer = await fetch(path, {
		method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
	});
	const said = await answer.json();
	if (!answer.ok)
		throw new Error(said.error);
	return said;
}

/* A button's work: what goes wrong is said at the foot of the page. */
export async function act(path, body) {
	try {
		return await ask(path, body);
	} catch (error) {
		toast(error.message);
		return null;
	}
}

let timer;
export function toast(text) {
	const place = document.getElementById("toast");
	place.textContent = text;
	clearTimeout(timer);
	timer = setTimeout(() => { place.textContent = ""; }, 6000);
}
