/* page.ts - what a page is, and where one is: "#/threads/thr_1?state=open" */
import type { Session } from "./types";

export interface Where {
	path: string[];			/* behind the page's own name */
	query: URLSearchParams;
}

export interface Context {
	where: Where;
	root: HTMLElement;		/* the page's own; empty */
	bar: HTMLElement;		/* what stands beside the title */
	session: Session;
	signal: AbortSignal;		/* over when the page is left */
	title(text: string): void;
}

export interface Page {
	name: string;			/* "threads" */
	title: string;
	key: string;			/* "t": g t */
	/* Draws itself.  May give back what takes another place on the same page, so that nothing is drawn anew. */
	open(context: Context): void | ((where: Where) => void);
}

export function may(session: Session, scope: string): boolean {
	return session.scopes.includes(scope) || session.scopes.includes("admin");
}

/* As colleagues and helpdesks read it. */
export function agentOf(session: Session): string {
	return session.principal.replace(/^console:/, "");
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

/* "#/threads/thr_1?state=open" -> threads, { path: [thr_1], query: state=open } */
export function parse(hash: string): { name: string; where: Where } {
	const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
	const [name = "", ...rest] = path.split("/").filter(Boolean).map(decoded);

	return { name, where: { path: rest, query: new URLSearchParams(query) } };
}

export function link(name: string, path: string[] = [], query: Record<string, string> = {}): string {
	const words = new URLSearchParams(Object.entries(query).filter(([, v]) => v));
	const tail = words.toString();

	return "#/" + [name, ...path].map(encodeURIComponent).join("/") + (tail ? "?" + tail : "");
}

/* Another query for the page that is open: a step back leads past it. */
export function renew(name: string, path: string[], query: Record<string, string>): void {
	history.replaceState(null, "", link(name, path, query));
}

export function go(hash: string): void {
	location.hash = hash;
}
