/* qr.ts - QR codes (ISO/IEC 18004): bytes, versions 1 to 10, error correction M; enough for any address of ours */

/* Per version: data codewords in all, error correction codewords a block, blocks (M level; table 9). */
const VERSIONS = [[16, 10, 1], [28, 16, 1], [44, 26, 1], [64, 18, 2], [86, 24, 2], [108, 16, 4], [124, 18, 4], [154, 22, 4],
	[182, 22, 5], [216, 26, 5]] as const;
/* Centres of the alignment patterns (annex E). */
const CENTRES = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];

/* ---- the field of 256 elements, by x^8 + x^4 + x^3 + x^2 + 1 ---- */

const EXP = new Uint8Array(512), LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
	EXP[i] = EXP[i + 255] = x;
	LOG[x] = i;
	x = (x << 1) ^ (x & 128 ? 0x11d : 0);
}

function times(a: number, b: number): number {
	return a && b ? EXP[LOG[a]! + LOG[b]!]! : 0;
}

function generator(degree: number): number[] {
	let poly = [1];

	for (let i = 0; i < degree; i++) {
		const next = [...poly, 0];
		poly.forEach((c, j) => next[j + 1]! ^= times(c, EXP[i]!));
		poly = next;
	}
	return poly.slice(1);
}

export function correction(data: number[], degree: number): number[] {
	const by = generator(degree), rest = new Array<number>(degree).fill(0);

	for (const byte of data) {
		const factor = byte ^ rest.shift()!;
		rest.push(0);
		by.forEach((c, i) => rest[i]! ^= times(c, factor));
	}
	return rest;
}

/* ---- the codewords ---- */

function versionFor(length: number): number {
	for (let v = 1; v <= VERSIONS.length; v++)
		if (length + (v > 9 ? 3 : 2) <= VERSIONS[v - 1]![0])
			return v;
	throw new RangeError("too long for a QR code");
}

function codewords(bytes: Uint8Array, version: number): number[] {
	const [total, degree, blocks] = VERSIONS[version - 1]!;
	const bits: number[] = [];
	const put = (value: number, n: number): void => {
		for (let i = n - 1; i >= 0; i--)
			bits.push((value >> i) & 1);
	};

	put(4, 4);
	put(bytes.length, version > 9 ? 16 : 8);
	bytes.forEach(b => put(b, 8));
	put(0, Math.min(4, total * 8 - bits.length));
	while (bits.length % 8)
		bits.push(0);
	for (let pad = 0xec; bits.length < total * 8; pad ^= 0xec ^ 0x11)
		put(pad, 8);
	const data: number[] = [];
	for (let i = 0; i < bits.length; i += 8)
		data.push(parseInt(bits.slice(i, i + 8).join(""), 2));

	/* Shorter blocks first; read across the blocks. */
	const short = Math.floor(total / blocks), longer = total % blocks;
	const parts: number[][] = [], checks: number[][] = [];
	for (let b = 0, from = 0; b < blocks; b++) {
		const size = short + (b >= blocks - longer ? 1 : 0);
		parts.push(data.slice(from, from + size));
		checks.push(correction(parts[b]!, degree));
		from += size;
	}
	const all: number[] = [];
	for (let i = 0; i <= short; i++)
		parts.forEach(p => i < p.length && all.push(p[i]!));
	for (let i = 0; i < degree; i++)
		checks.forEach(c => all.push(c[i]!));
	return all;
}

/* ---- the field of modules ---- */

type Grid = (boolean | null)[][];

/* BCH code of `bits`, `by` its generator. */
function bch(value: number, by: number, degree: number): number {
	let rest = value << degree;

	for (let i = 31; i >= degree; i--)
		if (rest & (1 << i) && rest >= 1 << degree)
			rest ^= by << (i - degree);
	return (value << degree) | rest;
}

function finder(grid: Grid, row: number, column: number): void {
	for (let r = -1; r <= 7; r++)
		for (let c = -1; c <= 7; c++) {
			const line = grid[row + r];
			const ring = Math.max(Math.abs(r - 3), Math.abs(c - 3));
			if (line && line[column + c] !== undefined)
				line[column + c] = ring !== 2 && ring !== 4;
		}
}

function frame(version: number): Grid {
	const size = 17 + 4 * version;
	const grid: Grid = Array.from({ length: size }, () => new Array<boolean | null>(size).fill(null));
	const centres = CENTRES[version - 1]!;

	finder(grid, 0, 0);
	finder(grid, 0, size - 7);
	finder(grid, size - 7, 0);
	for (const r of centres)
		for (const c of centres)
			if (grid[r]![c] === null)
				for (let y = -2; y <= 2; y++)
					for (let x = -2; x <= 2; x++)
						grid[r + y]![c + x] = Math.max(Math.abs(x), Math.abs(y)) !== 1;
	for (let i = 8; i < size - 8; i++)
		grid[6]![i] = grid[i]![6] = i % 2 === 0;
	if (version >= 7) {
		const info = bch(version, 0x1f25, 12);
		for (let i = 0; i < 18; i++) {
			const on = ((info >> i) & 1) === 1, far = size - 11 + (i % 3), near = Math.floor(i / 3);
			grid[near]![far] = grid[far]![near] = on;
		}
	}
	writeFormat(grid, 0);
	return grid;
}

/* Level M is 00 (table 12). */
function writeFormat(grid: Grid, mask: number): void {
	const size = grid.length, info = bch(mask, 0x537, 10) ^ 0x5412;
	const bit = (i: number): boolean => ((info >> i) & 1) === 1;

	for (let i = 0; i < 15; i++) {
		const down = i < 6 ? i : i < 8 ? i + 1 : size - 15 + i;
		const across = i < 8 ? size - 1 - i : i < 9 ? 7 : 14 - i;
		grid[down]![8] = bit(i);
		grid[8]![across] = bit(i);
	}
	grid[size - 8]![8] = true;
}

const MASKS: ((r: number, c: number) => number)[] = [(r, c) => (r + c) % 2, r => r % 2, (_, c) => c % 3, (r, c) => (r + c) % 3,
	(r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2, (r, c) => r * c % 2 + r * c % 3, (r, c) => (r * c % 2 + r * c % 3) % 2,
	(r, c) => ((r + c) % 2 + r * c % 3) % 2];

function fill(empty: Grid, words: number[], mask: number): boolean[][] {
	const size = empty.length, grid = empty.map(row => [...row]);
	const masked = MASKS[mask]!;
	let at = 0;

	for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
		if (right === 6)
			right--;
		for (let i = 0; i < size; i++)
			for (let c = right; c > right - 2; c--) {
				const r = up ? size - 1 - i : i;
				if (empty[r]![c] !== null)
					continue;
				const on = at < words.length * 8 && ((words[at >> 3]! >> (7 - (at & 7))) & 1) === 1;
				grid[r]![c] = on !== (masked(r, c) === 0);
				at++;
			}
	}
	writeFormat(grid, mask);
	return grid as boolean[][];
}

/* How hard it is to read (7.8.3): runs, blocks, what looks like a finder, too much of one colour. */
function penalty(grid: boolean[][]): number {
	const size = grid.length;
	let sum = 0, dark = 0;
	const lines = [...grid, ...grid.map((_, c) => grid.map(row => row[c]!))];

	for (const line of lines) {
		const text = line.map(on => on ? "1" : "0").join("");
		for (const run of text.match(/0{5,}|1{5,}/g) ?? [])
			sum += run.length - 2;
		for (let i = 0; i + 11 <= size; i++)
			if (text.startsWith("10111010000", i) || text.startsWith("00001011101", i))
				sum += 40;
	}
	for (let r = 0; r < size; r++)
		for (let c = 0; c < size; c++) {
			dark += grid[r]![c] ? 1 : 0;
			if (r && c && grid[r]![c] === grid[r - 1]![c] && grid[r]![c] === grid[r]![c - 1] && grid[r]![c] === grid[r - 1]![c - 1])
				sum += 3;
		}
	return sum + Math.floor(Math.abs(dark * 20 - size * size * 10) / (size * size)) * 10;
}

/* Rows of modules, true is dark; without the quiet zone of four. */
export function qr(text: string): boolean[][] {
	const bytes = new TextEncoder().encode(text);
	const version = versionFor(bytes.length);
	const words = codewords(bytes, version), empty = frame(version);
	let best: boolean[][] | null = null, least = Infinity;

	for (let mask = 0; mask < 8; mask++) {
		const grid = fill(empty, words, mask), cost = penalty(grid);
		if (cost < least) {
			least = cost;
			best = grid;
		}
	}
	return best!;
}
