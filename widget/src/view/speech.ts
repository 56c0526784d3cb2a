/* speech.ts - the widget's languages: texts, times, sizes */
import en from "../lang/en.json";

export type Words = typeof en;
export type Word = keyof Words;

const RTL = /^(ar|fa|he|ur)\b/;
const known = new Map<string, Promise<Words>>([["en", Promise.resolve(en)]]);

/* Of those there are, the one nearest to what is asked for: pt-PT gets pt-BR; none at all is English. */
export function nearest(locale: string, codes: readonly string[]): string {
	const wanted = locale.toLowerCase();
	const base = wanted.split("-")[0];

	return codes.find(code => code.toLowerCase() === wanted) ??
		codes.find(code => code.toLowerCase().split("-")[0] === base) ?? "en";
}

async function fetchWords(code: string): Promise<Words> {
	const answer = await fetch(new URL(__LANGUAGES__[code]!, import.meta.url).href, { credentials: "omit" });

	if (!answer.ok)
		throw new Error(`language ${code}: ${answer.status}`);
	return { ...en, ...(await answer.json() as Partial<Words>) };
}

/* Never fails: without its file it is English, and the file is asked for again next time. */
export async function learn(locale: string): Promise<Speech> {
	const code = nearest(locale, ["en", ...Object.keys(__LANGUAGES__)]);
	let words = known.get(code);

	if (!words)
		known.set(code, words = fetchWords(code));
	try {
		return new Speech(await words, code, locale);
	} catch {
		known.delete(code);
		return new Speech(en, "en", "en");
	}
}

const DAY = 86400;
/* Promises of time are rounded up to what people say. */
const STEPS: [number, string, number][] = [[60, "minute", 45], [3600, "hour", 20], [DAY, "day", Infinity]];

export class Speech {
	readonly dir: "ltr" | "rtl";
	/* For dates and numbers: what was asked for, where it is of this language (de-AT). */
	private readonly locale: string;

	constructor(private readonly words: Words, readonly code: string, asked: string) {
		const own = asked.split("-")[0]!.toLowerCase() === code.split("-")[0];

		this.dir = RTL.test(code) ? "rtl" : "ltr";
		this.locale = own && valid(asked) ? asked : code;
	}

	/* say("score", { n: 4 }): each {name} of the text is what stands there, as text. */
	say(word: Word, values: Record<string, string | number> = {}): string {
		return this.words[word].replace(/\{(\w+)\}/g, (whole, name: string) =>
			name in values ? typeof values[name] === "number" ? this.number(values[name] as number) :
				values[name] as string : whole);
	}

	number(n: number): string {
		return new Intl.NumberFormat(this.locale).format(n);
	}

	private format(at: string, how: Intl.DateTimeFormatOptions): string {
		return new Intl.DateTimeFormat(this.locale, how).format(new Date(at));
	}

	time(at: string): string {
		return this.format(at, { hour: "numeric", minute: "2-digit" });
	}

	/* "today", "yesterday", else the date; a line between days. */
	day(at: string, now = new Date()): string {
		const ago = daysBetween(new Date(at), now);

		if (ago === 0 || ago === 1)
			return capital(new Intl.RelativeTimeFormat(this.locale, { numeric: "auto" }).format(-ago, "day"), this.locale);
		return this.format(at, { weekday: "long", day: "numeric", month: "long",
			year: new Date(at).getFullYear() === now.getFullYear() ? undefined : "numeric" });
	}

	/* Short, for a list: the time of today's, else the day. */
	moment(at: string, now = new Date()): string {
		return daysBetween(new Date(at), now) === 0 ? this.time(at) : this.format(at, { day: "numeric", month: "short" });
	}

	/* A moment to come: "17:00", "Monday 09:00", "2 January 09:00". */
	when(at: string, now = new Date()): string {
		const ahead = daysBetween(now, new Date(at));

		if (ahead === 0)
			return this.time(at);
		return this.format(at, { hour: "numeric", minute: "2-digit",
			...(ahead < 7 ? { weekday: "long" } : { day: "numeric", month: "long" }) });
	}

	/* 250 seconds are "5 minutes". */
	span(seconds: number): string {
		const [size, unit] = STEPS.find(([one, , most]) => seconds <= one * most) ?? STEPS[2]!;
		const n = Math.max(1, Math.ceil(seconds / size));

		return this.unit(n > 10 && unit === "minute" ? Math.ceil(n / 5) * 5 : n, unit, "long");
	}

	bytes(n: number): string {
		return n < 1e6 ? this.unit(Math.max(1, Math.round(n / 1e3)), "kilobyte", "short") :
			this.unit(Math.round(n / 1e5) / 10, "megabyte", "short");
	}

	private unit(n: number, unit: string, unitDisplay: "long" | "short"): string {
		return new Intl.NumberFormat(this.locale, { style: "unit", unit, unitDisplay }).format(n);
	}
}

function valid(locale: string): boolean {
	try {
		return Intl.DateTimeFormat.supportedLocalesOf([locale]).length > 0;
	} catch {
		return false;
	}
}

function capital(text: string, locale: string): string {
	const [first = "", ...rest] = text;

	return first.toLocaleUpperCase(locale) + rest.join("");
}

/* Midnights passed, by the visitor's clock. */
export function daysBetween(from: Date, to: Date): number {
	const midnight = (at: Date) => Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());

	return Math.round((midnight(to) - midnight(from)) / (DAY * 1000));
}
