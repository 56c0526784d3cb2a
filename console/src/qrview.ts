/* qrview.ts - a QR code as SVG */
import { el } from "./dom";
import { qr } from "./qr";

const NS = "http://www.w3.org/2000/svg", QUIET = 4;

export function qrView(text: string): HTMLElement {
	const grid = qr(text), size = grid.length + 2 * QUIET;
	const svg = document.createElementNS(NS, "svg"), path = document.createElementNS(NS, "path");

	path.setAttribute("d", grid.flatMap((row, r) => row.map((on, c) => on ? `M${c + QUIET} ${r + QUIET}h1v1h-1z` : "")).join(""));
	svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
	svg.setAttribute("class", "qr");
	svg.setAttribute("role", "img");
	svg.setAttribute("aria-label", `QR code of ${text}`);
	svg.setAttribute("shape-rendering", "crispEdges");
	svg.append(path);
	return el("p", {}, svg);
}
