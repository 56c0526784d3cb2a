/* carry.ts - takes a file up, in pieces, so that what was interrupted goes on where it was
 *
 * Part of more.ts, which is fetched with the first file. */
import { passing, Trouble, trouble } from "./api";
import { scaled } from "./image";
import type { Outgoing } from "./uploads";
import { backoff, sleep } from "./wait";

const PIECE_MIN = 64 << 10;
const PIECE_MAX = 1 << 20;	/* the server's, too */
/* What a piece should take: often enough for a bar that moves, seldom enough for the network. */
const PIECE_MS = 700;
const PIECE_TIMEOUT_MS = 120_000;
/* The server and we see another offset so often without a byte gained: something is wrong. */
const DISAGREE_MAX = 3;
/* What the browser does not know the server tells by the bytes. */
const UNKNOWN = "application/octet-stream";

interface Place {
	id: string;
	offset: number;
	done?: boolean;
}

/* "image/*", "application/pdf" */
export function allowed(type: string, types: string[]): boolean {
	return types.some((one) => one === type || one === "*/*" ||
		(one.endsWith("/*") && type.startsWith(one.slice(0, -1))));
}

/* Of the next piece, after one of so many bytes took so long. */
export function pieceSize(bytes: number, ms: number): number {
	const size = bytes * Math.min(4, PIECE_MS / Math.max(ms, 1));
	return Math.round(Math.min(PIECE_MAX, Math.max(PIECE_MIN, size)));
}

/* Makes it as small as it should be; throws a Trouble when it should not be sent. */
export async function prepare(file: Outgoing): Promise<void> {
	file.blob = await scaled(file.blob);
	file.bytes = file.blob.size;
	const rules = file.env.rules();
	if (!rules || (file.type !== UNKNOWN && !allowed(file.type, rules.types)))
		throw new Trouble("file-type", "Files of this type are not taken");
	if (!file.bytes)
		throw new Trouble("file-empty", "The file is empty");
	if (file.bytes > rules.max_bytes)
		throw new Trouble("file-too-large", "The file is too large", `${rules.max_bytes}`);
}

/* Until it is there, cancelled, or refused (throws a Trouble). */
export async function carry(file: Outgoing): Promise<void> {
	let place: Place | null = null, piece = PIECE_MIN * 4;
	for (let failures = 0, disagreed = 0; !file.gone;) {
		try {
			place = await find(file, failures || disagreed ? null : place);
			if (place.done)
				return;
			const began = Date.now(), from: number = place.offset;
			place = took(file, await put(file, from, Math.min(file.bytes, from + piece)));
			piece = pieceSize(Math.max(place.offset - from, 1), Date.now() - began);
			failures = disagreed = 0;
			if (place.done)
				return;
		} catch (error) {
			const why = trouble(error);
			if (file.gone)
				return;
			if (why.status === 404 || why.status === 409 || why.status === 416) {
				if (why.status === 404)
					file.id = null;
				if (++disagreed > DISAGREE_MAX)
					throw why;
			} else if (passing(why) && why.word !== "too-many-files") {
				await sleep(Math.max(backoff(failures++), (why.retry_after ?? 0) * 1000), file.nap());
			} else {
				throw why;
			}
		}
	}
}

function took(file: Outgoing, place: Place): Place {
	file.id = place.id;
	file.sent = place.done ? file.bytes : place.offset;
	file.changed();
	return place;
}

/* Where to go on: as the last answer said, or as the server says when there was none. */
async function find(file: Outgoing, last: Place | null): Promise<Place> {
	const { id, name, type, bytes, signal } = file;
	if (!id)
		return took(file, await file.env.call<Place>("POST", "/uploads", { body: { name, type, bytes }, signal }));
	return last ?? took(file, await file.env.call<Place>("GET", `/uploads/${id}`, { signal }));
}

function put(file: Outgoing, from: number, to: number): Promise<Place> {
	return file.env.call<Place>("PUT", `/uploads/${file.id}`, {
		body: file.blob.slice(from, to, UNKNOWN),
		headers: { "Content-Range": `bytes ${from}-${to - 1}/${file.bytes}` },
		signal: file.signal,
		timeout: PIECE_TIMEOUT_MS,
	});
}
