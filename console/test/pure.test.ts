/* pure.test.ts - what needs no browser: words, places, QR codes */
import assert from "node:assert";
import { test } from "node:test";
import { at } from "../src/api";
import { link, parse } from "../src/page";
import { correction, qr } from "../src/qr";
import { action, address, ago, bytes, clock, percent, span, value } from "../src/say";

test("spans have one unit", () => {
	for (const [ms, want] of [[0, "0 s"], [-5, "0 s"], [59_400, "59 s"], [60_000, "1 min"], [3_599_000, "59 min"], [3_600_000, "1 h"],
				  [47 * 3_600_000, "47 h"], [48 * 3_600_000, "2 d"]] as const)
		assert.strictEqual(span(ms), want);
	assert.strictEqual(ago("2026-11-20T10:00:00.000Z", Date.parse("2026-11-20T10:03:00Z")), "3 min");
	assert.strictEqual(ago(null), "");
});

test("today's times have no day", () => {
	const now = new Date(2026, 10, 22, 15, 0, 0);
	assert.strictEqual(clock(new Date(2026, 10, 22, 9, 5, 7).toISOString(), now), "09:05:07");
	assert.strictEqual(clock(new Date(2026, 10, 21, 23, 59, 0).toISOString(), now), "2026-11-21 23:59");
	assert.strictEqual(clock("soon", now), "soon");
	assert.strictEqual(clock(null), "");
});

test("sizes, shares, addresses, values", () => {
	assert.deepStrictEqual([0, 1023, 1024, 20480, 5 * 1024 * 1024, null].map(bytes), ["0 B", "1023 B", "1.0 kB", "20 kB", "5.0 MB", ""]);
	assert.deepStrictEqual([0.2, null].map(percent), ["20.0 %", "-"]);
	assert.strictEqual(address("tel:+447700900123"), "+447700900123");
	assert.strictEqual(address("whatsapp:GB.1"), "whatsapp:GB.1");
	assert.deepStrictEqual([null, "a", 1, { b: 2 }].map(value), ["nothing", "a", "1", '{"b":2}']);
	assert.deepStrictEqual(action("convert"), ["ticket", "good"]);
	assert.deepStrictEqual(action("something new"), ["something new", "note"]);
});

test("places are read as they are written", () => {
	for (const [name, path, query] of [["live", [], {}], ["threads", ["thr_1"], { q: "a b&c=#/?", state: "open" }], ["contacts", ["a/b", "%"], {}]] as
	     [string, string[], Record<string, string>][]) {
		const read = parse(link(name, path, query));
		assert.deepStrictEqual([read.name, read.where.path, Object.fromEntries(read.where.query)], [name, path, query]);
	}
	assert.deepStrictEqual(parse("").name, "");
	assert.deepStrictEqual(parse("#/threads/%E0%A4%A").where.path, ["%E0%A4%A"]);	/* no UTF-8: as it stands */
	assert.strictEqual(at("/v1/x", { a: "", b: null, c: 0, d: "e f", g: false }), "/v1/x?c=0&d=e+f");
});

/* ISO/IEC 18004, annex I: "01234567" as 1-M has these data codewords and, of them, these of error correction. */
test("error correction is that of the standard's example", () => {
	assert.deepStrictEqual(correction([0x10, 0x20, 0x0c, 0x56, 0x61, 0x80, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11], 10),
			       [0xa5, 0x24, 0xd4, 0xc1, 0xed, 0x36, 0xc7, 0x87, 0x2c, 0x55]);
});

test("QR codes grow with their text", () => {
	for (const [length, size] of [[1, 21], [14, 21], [15, 25], [26, 25], [27, 29], [213, 57]] as const) {
		const grid = qr("x".repeat(length));
		assert.strictEqual(grid.length, size, String(length));
		assert.ok(grid.every(row => row.length === size && row.every(on => typeof on === "boolean")));
		/* The finder's rings, and the dark module. */
		assert.deepStrictEqual(grid[0]!.slice(0, 8), [true, true, true, true, true, true, true, false]);
		assert.strictEqual(grid[size - 8]![8], true);
	}
	assert.throws(() => qr("x".repeat(214)), RangeError);
});
