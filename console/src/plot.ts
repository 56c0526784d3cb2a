/* plot.ts - small plots as SVG; what they show stands in the table beside them too */
import { el } from "./dom";

const NS = "http://www.w3.org/2000/svg";

function shape(name: string, values: Record<string, string | number>): SVGElement {
	const made = document.createElementNS(NS, name);

	for (const key in values)
		made.setAttribute(key, String(values[key]));
	return made;
}

export interface Bars {
	title: string;
	names: string[];
	values: (number | null)[];
	show: (value: number) => string;
	band?: [number, number];	/* the healthy range, as values */
}

const WIDTH = 260, HEIGHT = 60;

export function bars({ title, names, values, show, band }: Bars): HTMLElement {
	const known = values.filter((v): v is number => v !== null);
	const most = Math.max(...known, band ? band[1] : 0, 1e-9);
	const step = WIDTH / Math.max(values.length, 1);
	const last = known.length ? show(known[known.length - 1]!) : "-";
	const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "plot",
		"aria-label": `${title}: ${names.length ? `${names[0]} to ${names[names.length - 1]}, least ${known.length ? show(Math.min(...known)) : "-"}, most ${known.length ? show(Math.max(...known)) : "-"}, last ${last}` : "nothing"}` });

	if (band)
		svg.append(shape("rect", { class: "band", x: 0, width: WIDTH, y: HEIGHT - band[1] / most * HEIGHT, height: (band[1] - band[0]) / most * HEIGHT }));
	values.forEach((v, i) => {
		const height = v === null ? 0 : Math.max(v / most * (HEIGHT - 2), v > 0 ? 1 : 0);
		const bar = shape("rect", { class: "bar", x: (i * step + step * 0.1).toFixed(2), width: (step * 0.8).toFixed(2), y: (HEIGHT - height).toFixed(2), height: height.toFixed(2) });
		const tip = shape("title", {});
		tip.textContent = `${names[i] ?? ""}: ${v === null ? "-" : show(v)}`;
		bar.append(tip);
		svg.append(bar);
	});
	svg.append(shape("line", { class: "base", x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }));
	return el("figure", {}, el("figcaption", {}, title, el("b", {}, last)), svg as unknown as HTMLElement);
}
