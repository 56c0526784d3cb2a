/* sha256.ts - FIPS 180-4, for the proof of work
 *
 * crypto.subtle answers each hash by a promise, which costs more than the hash, and is missing on pages
 * without TLS. */

const ROUNDS = 64;
const K = new Int32Array(ROUNDS);
const START = new Int32Array(8);

/* The first 32 bits of the fractions of the roots of the first primes (4.2.2, 5.3.3). */
function fill(): void {
	const fraction = (x: number): number => ((x - Math.floor(x)) * 0x100000000) | 0;
	let n = 0;
	for (let p = 2; n < ROUNDS; p++) {
		let prime = true;
		for (let d = 2; d * d <= p; d++)
			prime = prime && p % d !== 0;
		if (!prime)
			continue;
		if (n < 8)
			START[n] = fraction(Math.sqrt(p));
		K[n++] = fraction(Math.cbrt(p));
	}
}

const rotate = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

const w = new Int32Array(ROUNDS);

function block(h: Int32Array, view: DataView, at: number): void {
	for (let i = 0; i < 16; i++)
		w[i] = view.getInt32(at + 4 * i);
	for (let i = 16; i < ROUNDS; i++) {
		const x = w[i - 15], y = w[i - 2];
		w[i] = w[i - 16] + (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) +
			w[i - 7] + (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10));
	}
	let [a, b, c, d, e, f, g, z] = h;
	for (let i = 0; i < ROUNDS; i++) {
		const t = (z + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
		const u = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
		z = g; g = f; f = e; e = (d + t) | 0;
		d = c; c = b; b = a; a = (t + u) | 0;
	}
	[a, b, c, d, e, f, g, z].forEach((x, i) => { h[i] += x; });
}

/* The eight words of the hash. */
export function sha256(bytes: Uint8Array): Int32Array {
	if (!K[0])
		fill();
	const padded = new Uint8Array((bytes.length + 9 + 63) & ~63);
	const view = new DataView(padded.buffer);
	padded.set(bytes);
	padded[bytes.length] = 0x80;
	view.setUint32(padded.length - 4, bytes.length << 3);
	const h = START.slice();
	for (let at = 0; at < padded.length; at += 64)
		block(h, view, at);
	return h;
}
