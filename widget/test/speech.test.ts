/* Languages: which one is taken, and how it says times and sizes. */
import assert from "node:assert/strict";
import test from "node:test";
import { daysBetween, nearest, Speech } from "../src/view/speech";
import ar from "../src/lang/ar.json";
import de from "../src/lang/de.json";
import en from "../src/lang/en.json";
import es from "../src/lang/es.json";
import fr from "../src/lang/fr.json";
import he from "../src/lang/he.json";
import it from "../src/lang/it.json";
import ja from "../src/lang/ja.json";
import ptBR from "../src/lang/pt-BR.json";

const codes = ["en", "de", "pt-BR", "ar", "ja"];

test("the nearest language is taken, English when there is none", () => {
	const cases: [string, string][] = [["de", "de"], ["de-AT", "de"], ["DE-at", "de"], ["pt", "pt-BR"], ["pt-PT", "pt-BR"],
		["pt-BR", "pt-BR"], ["ar-EG", "ar"], ["zz", "en"], ["", "en"], ["d", "en"]];

	for (const [asked, want] of cases)
		assert.equal(nearest(asked, codes), want, asked);
});

test("what stands in braces is put in as text", () => {
	const speech = new Speech({ ...en, score: "{n} of 5 {other}" }, "en", "en");

	assert.equal(speech.say("score", { n: 4 }), "4 of 5 {other}");
	assert.equal(speech.say("typing", { name: "$& {n} <b>" }), "$& {n} <b> is typing…");
});

test("spans are rounded up to what people say", () => {
	const speech = new Speech(en, "en", "en");
	const cases: [number, string][] = [[1, "1 minute"], [60, "1 minute"], [61, "2 minutes"], [600, "10 minutes"], [660, "15 minutes"],
		[3600, "1 hour"], [3601, "2 hours"], [86400, "1 day"], [86401, "2 days"], [864000, "10 days"]];

	for (const [seconds, want] of cases)
		assert.equal(speech.span(seconds), want, String(seconds));
});

test("days are counted by midnights", () => {
	assert.equal(daysBetween(new Date(2026, 10, 21, 23, 59), new Date(2026, 10, 22, 0, 1)), 1);
	assert.equal(daysBetween(new Date(2026, 10, 22, 0, 1), new Date(2026, 10, 22, 23, 59)), 0);
	assert.equal(daysBetween(new Date(2026, 11, 31), new Date(2027, 0, 2)), 2);
});

test("times to come are said as short as they may", () => {
	const speech = new Speech(en, "en", "en-GB");
	const now = new Date(2026, 10, 22, 12, 0);
	const at = (...of: [number, number, number, number]) => new Date(...of, 0).toISOString();

	assert.equal(speech.when(at(2026, 10, 22, 17), now), "17:00");
	assert.match(speech.when(at(2026, 10, 23, 9), now), /^Monday.*9:00$/);
	assert.match(speech.when(at(2026, 11, 24, 9), now), /^24 December.*9:00$/);
	assert.equal(speech.day(at(2026, 10, 22, 1), now), "Today");
	assert.equal(speech.day(at(2026, 10, 21, 1), now), "Yesterday");
	assert.match(speech.day(at(2025, 10, 21, 1), now), /2025/);
});

test("a locale nobody knows breaks nothing", () => {
	for (const locale of ["de_AT", "de-", "de-x", "de-!!", "de-AT-u-nu-latn"])
		assert.ok(new Speech(en, "de", locale).number(1));
});

test("all languages have the same words and the same things to put in", () => {
	const all: Record<string, Record<string, string>> = { ar, de, en, es, fr, he, it, ja, ptBR };
	const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

	for (const [code, words] of Object.entries(all)) {
		assert.deepEqual(Object.keys(words), Object.keys(en), code);
		for (const [key, text] of Object.entries(en))
			assert.deepEqual(holes(words[key]!), holes(text), `${code}: ${key}`);
		assert.ok(Buffer.byteLength(JSON.stringify(words)) <= 3072, `${code} has more than 3 kB`);
	}
});
