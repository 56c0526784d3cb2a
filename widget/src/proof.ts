/* proof.ts - the proof of work a server asks of who looks suspicious, instead of a puzzle */
import { sha256 } from "./sha256";

/* More than this nobody is asked for in earnest: 2^24 hashes are half a minute on a phone. */
const BITS_MAX = 24;
/* How long the page may stand still at a time. */
const SLICE_MS = 8;

export function zeroBits(hash: Int32Array): number {
	let bits = 0;
	for (const word of hash) {
		bits += Math.clz32(word);
		if (word)
			break;
	}
	return bits;
}

const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

/* The nonce with which SHA-256(challenge + "." + nonce) begins with so many zero bits; null when it is too much. */
export async function solve(challenge: string, bits: number): Promise<string | null> {
	if (!(bits <= BITS_MAX))
		return null;
	const encoder = new TextEncoder();
	let until = Date.now() + SLICE_MS;
	for (let n = 0; ; n++) {
		const nonce = n.toString(36);
		if (zeroBits(sha256(encoder.encode(`${challenge}.${nonce}`))) >= bits)
			return nonce;
		if (n % 256 === 255 && Date.now() > until) {
			await pause();
			until = Date.now() + SLICE_MS;
		}
	}
}
