/* What becomes a link, and what never does. */
import assert from "node:assert/strict";
import test from "node:test";
import { plainName, safeUrl, split } from "../src/view/links";

const links = (text: string) => split(text).filter(piece => piece.href).map(piece => piece.href);

test("addresses become links, what stands around them does not", () => {
	const cases: [string, string[]][] = [
		["see https://example.com/a?b=c#d.", ["https://example.com/a?b=c#d"]],
		["(https://example.com/a)", ["https://example.com/a"]],
		["https://en.example.org/wiki/Gate_(door), please", ["https://en.example.org/wiki/Gate_(door)"]],
		["www.example.com!", ["https://www.example.com/"]],
		["write to ann.lee+x@example.co.uk, or call", ["mailto:ann.lee+x@example.co.uk"]],
		["<https://example.com>\"https://example.net\"", ["https://example.com/", "https://example.net/"]],
		["HTTP://EXAMPLE.COM/Path", ["http://example.com/Path"]],
		["3.14 is a number, a.b is nothing, me@home neither", []],
		["https://", []],
		["", []],
	];

	for (const [text, want] of cases)
		assert.deepEqual(links(text), want, text);
});

test("the text is whole again when the pieces are put together", () => {
	for (const text of ["a https://x.example b www.y.example. c", "https://x.example", "none", "  two  spaces\n\nlines "])
		assert.equal(split(text).map(piece => piece.text).join(""), text);
});

test("nothing but http, https and mail goes anywhere", () => {
	const hostile = ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x",
		"file:///etc/passwd", "java\nscript:alert(1)", "https://good.example@evil.example/", "https://user:pass@evil.example/",
		"blob:https://x.example/1", "\u0001javascript:alert(1)", "//x", "intent://x#Intent;end"];

	for (const text of hostile) {
		assert.equal(safeUrl(text), null, text);
		for (const href of links(text))
			assert.match(href!, /^(https?|mailto):/, text);
	}
});

test("names lose what turns letters round, and are never empty", () => {
	assert.equal(plainName("photo\u202egpj.exe"), "photogpj.exe");
	assert.equal(plainName("a\u2066b\u2069c\u200fd\r\n"), "abcd");
	assert.equal(plainName("\u202e \u200b"), "…");
	assert.equal(plainName("שלום עולם.pdf"), "שלום עולם.pdf");
});

test("time is linear in what is written", () => {
	for (const bad of ["a".repeat(200000), "https://" + ")".repeat(200000), "www.".repeat(50000), "a@".repeat(100000),
		"a.".repeat(100000) + "@", "x@" + "a.".repeat(100000), ("https://e.example/" + ")".repeat(2000) + " ").repeat(10)]) {
		const from = process.cpuUsage();
		split(bad);
		/* A second is a hundred times what it takes; quadratic time would take minutes. */
		assert.ok(process.cpuUsage(from).user < 1e6 * Number(process.env.HEADGATE_SLOW || 1), bad.slice(0, 20));
	}
});
