/* The shop's own script: who is signed in, and what its buttons ask. */
const button = document.getElementById("sign-in");
const order = document.getElementById("order");
const KEY = "shop-signed-in";

/* The widget's script is loaded beside this one: calls made before it is there wait in this queue. */
const chat = () => (window.headgate ??= []);
function call(verb, ...words) {
	if (Array.isArray(chat()))
		window.headgate.push([verb, ...words]);
	else
		window.headgate[verb](...words);
}

async function vouch() {
	const answer = await fetch("/shop/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
	if (!answer.ok)
		throw new Error(`the shop's server answered ${answer.status}`);
	return answer.json();
}

function draw(name) {
	button.textContent = name ? `${name} · sign out` : "Sign in as Ana";
	order.hidden = !name;
}

/* The shop's server signs who its customer is; the widget passes that on, and headgate verifies it. */
async function signIn() {
	const { jwt, name } = await vouch();
	sessionStorage.setItem(KEY, name);
	draw(name);
	call("identify", { jwt });
}

function signOut() {
	sessionStorage.removeItem(KEY);
	draw(null);
	call("logout");
}

function setMode() {
	call("setTheme", { mode: window.look.mode });
}

button.addEventListener("click", () => (sessionStorage.getItem(KEY) ? signOut() : signIn().catch((error) => { button.textContent = error.message; })));
document.addEventListener("click", (event) => {
	const text = event.target.closest?.("[data-ask]")?.dataset.ask;
	if (text)
		call("startConversation", text);
});
addEventListener("look", setMode);
draw(sessionStorage.getItem(KEY));
setMode();
if (sessionStorage.getItem(KEY))
	signIn().catch(() => signOut());
