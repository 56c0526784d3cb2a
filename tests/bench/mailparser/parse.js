// parse.js - reads one mail as often as asked, as its documentation says: node parse.js MAIL MAILS
import { readFileSync } from "node:fs";
import { simpleParser } from "mailparser";

const raw = readFileSync(process.argv[2]);
const mails = Number(process.argv[3]);

async function run(n) {
	for (let i = 0; i < n; i++)
		await simpleParser(raw);
}

await run(Math.ceil(mails / 10));
const begin = process.cpuUsage();
const started = process.hrtime.bigint();
await run(mails);
const used = process.cpuUsage(begin);
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
console.log(JSON.stringify({ per_s: mails / seconds, own_us: (used.user + used.system) / mails }));
