/* Elements, without a word of HTML in any text: what strangers wrote is only ever text. */
const SVG = "http://www.w3.org/2000/svg";

/* el("p", { class: "what", onclick: f, title: "..." }, child, "text", null) */
export function el(name, about, ...children) {
	const made = document.createElement(name);
	for (const [key, value] of Object.entries(about ?? {})) {
		if (key.startsWith("on"))
			made.addEventListener(key.slice(2), value);
		else if (key === "value" || key === "disabled")
			made[key] = value;
		else if (value !== null && value !== undefined && value !== false)
			made.setAttribute(key, value === true ? "" : value);
	}
	made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
	return made;
}

export function icon(name) {
	const svg = document.createElementNS(SVG, "svg");
	const use = document.createElementNS(SVG, "use");
	svg.setAttribute("aria-hidden", "true");
	use.setAttribute("href", `#i-${name}`);
	svg.append(use);
	return svg;
}

export const CHANNEL_ICONS = { "WhatsApp": "whatsapp", "SMS": "sms", "Web chat": "web", "E-mail": "mail" };
export const CHANNEL_NAMES = { "wa-main": "WhatsApp", "sms": "SMS", "web": "Web chat", "support": "E-mail" };

export function clock(at, seconds) {
	const style = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(seconds ? { second: "2-digit" } : {}) };
	return new Date(at).toLocaleTimeString(undefined, style);
}

/* Keeps a list at its end while it grows, unless somebody has scrolled away from it. */
export function stick(list, change) {
	const there = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
	change();
	if (there)
		list.scrollTop = list.scrollHeight;
}
