/* ids.ts - UUIDv7, the client's own ids of messages and tabs */

const COUNTER_BITS = 12;

let lastMs = 0;
let counter = 0;

function timeOf(id: string): number {
	return parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, "0");

/* Grows from call to call, within a millisecond and over a clock set back too: what waits is sent in the order of
 * these.  after: an id of an earlier page load that this one must follow. */
export function uuid7(after?: string, now: number = Date.now()): string {
	const floor = Math.max(lastMs, after ? timeOf(after) + 1 : 0);
	if (now > floor || floor > lastMs) {
		lastMs = Math.max(now, floor);
		counter = 0;
	} else if (++counter >> COUNTER_BITS) {
		lastMs++;
		counter = 0;
	}
	const random = crypto.getRandomValues(new Uint16Array(4));
	const time = hex(lastMs, 12);
	const tail = [...random].map((n) => hex(n, 4));
	return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(counter, 3)}-${hex((random[0] & 0x3fff) | 0x8000, 4)}-` +
		tail.slice(1).join("");
}
