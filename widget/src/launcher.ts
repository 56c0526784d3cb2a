/* launcher.ts - the round button, small because it is in the loader; view.ts takes it over */
import css from "./launcher.css";
import type { LauncherLook } from "./types";

/* A balloon; view/icons.ts has the other drawings. */
export const CHAT = "M12 3.5c-5 0-9 3.4-9 7.7 0 2.5 1.4 4.7 3.5 6.1 0 1.3-.5 2.4-1.4 3.2 1.9 0 3.5-.6 4.7-1.7" +
	".7.1 1.5.2 2.2.2 5 0 9-3.5 9-7.8s-4-7.7-9-7.7Z";

/* A drawing of strokes on a field of 24 by 24. */
export function strokes(path: string): SVGSVGElement {
	const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	const line = document.createElementNS(svg.namespaceURI, "path") as SVGPathElement;

	svg.setAttribute("viewBox", "0 0 24 24");
	svg.setAttribute("aria-hidden", "true");
	line.setAttribute("d", path);
	svg.append(line);
	return svg;
}

/* Gives root a style sheet that no policy of the page's refuses.  Its first rule, to set custom properties in: values
 * go through the parser of values, so that no colour brings a rule of its own.  Where there are no constructable style
 * sheets (Safari before 16.4) a link to the same text (href), and the element's own style. */
export function dress(root: ShadowRoot, text: string, href: string, element: HTMLElement): CSSStyleDeclaration {
	if (root.adoptedStyleSheets) {
		const sheet = new CSSStyleSheet();

		sheet.replaceSync(text);
		root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
		return (sheet.cssRules[0] as CSSStyleRule).style;
	}
	const link = document.createElement("link");
	link.rel = "stylesheet";
	link.href = href;
	root.append(link);
	return element.style;
}

export function drawLauncher(root: ShadowRoot, look: LauncherLook): HTMLButtonElement {
	const button = document.createElement("button");
	const style = dress(root, css, (look.base ?? "") + __STYLES__.launcher, button);

	style.setProperty("--accent", look.accent);
	style.setProperty("--on-accent", look.on_accent);
	button.type = "button";
	button.className = "launch " + look.position;
	button.dir = getComputedStyle(document.documentElement).direction;
	button.setAttribute("aria-label", look.label);
	button.setAttribute("aria-expanded", "false");
	button.append(strokes(CHAT));
	root.append(button);
	return button;
}
