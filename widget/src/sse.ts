/* sse.ts - text/event-stream (HTML standard, 9.2.6), in pieces as they come */

export interface ServerEvent {
	type: string;
	data: string;
	/* The last id said, by this event or one before; "" for none. */
	id: string;
}

/* A line and an event may grow to this: the server's are far below. */
const CHARS_MAX = 1 << 20;

export class EventParser {
	private rest = "";
	private type = "";
	private data: string[] = [];
	private size = 0;
	private id = "";
	private started = false;

	/* The events that are complete now.  Throws RangeError when one grows out of measure. */
	push(chunk: string): ServerEvent[] {
		const events: ServerEvent[] = [];
		if (!this.started && chunk) {
			this.started = true;
			chunk = chunk.replace(/^\uFEFF/, "");
		}
		this.rest += chunk;
		let from = 0;
		/* A CR at the end may be half of a CRLF: it waits. */
		for (const found of this.rest.matchAll(/\r\n|\n|\r(?!$)/g)) {
			this.line(this.rest.slice(from, found.index), events);
			from = found.index! + found[0].length;
		}
		this.rest = this.rest.slice(from);
		if (this.rest.length > CHARS_MAX)
			throw new RangeError("line too long");
		return events;
	}

	private line(line: string, events: ServerEvent[]): void {
		if (!line) {
			this.end(events);
			return;
		}
		const colon = line.indexOf(":");
		const field = colon < 0 ? line : line.slice(0, colon);
		const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
		if (field === "event")
			this.type = value;
		else if (field === "data")
			this.add(value);
		else if (field === "id" && !value.includes("\0"))
			this.id = value;
	}

	private add(value: string): void {
		this.size += value.length + 1;
		if (this.size > CHARS_MAX)
			throw new RangeError("event too long");
		this.data.push(value);
	}

	private end(events: ServerEvent[]): void {
		if (this.data.length)
			events.push({ type: this.type || "message", data: this.data.join("\n"), id: this.id });
		this.type = "";
		this.data = [];
		this.size = 0;
	}
}
