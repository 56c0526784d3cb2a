// server.js - what a team would write instead: a signed webhook becomes rows, then 200
//
//     node server.js MODE SOCKET_DIRECTORY [POOL]
//
// MODE transaction: BEGIN, three statements, COMMIT.  MODE cte: one statement with all three.  It
// keeps a message once, its thread and a row to be forwarded: no raw delivery, contacts, addresses,
// decisions, events, timers or journal.  Prints its port; the secret is in BENCH_APP_SECRET.

import { createHmac, timingSafeEqual } from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';

const [mode, directory, connections = '10'] = process.argv.slice(2);
const secret = process.env.BENCH_APP_SECRET;
const pool = new pg.Pool({ host: directory, database: 'postgres', user: 'bench', max: Number(connections) });

const statements = {
	message: `INSERT INTO message (external_id, sender, body, payload) VALUES ($1, $2, $3, $4)
		ON CONFLICT (external_id) DO NOTHING RETURNING id`,
	thread: `INSERT INTO thread (sender, last_message, messages) VALUES ($1, $2, 1)
		ON CONFLICT (sender) DO UPDATE SET last_message = EXCLUDED.last_message, messages = thread.messages + 1`,
	outbox: 'INSERT INTO outbox (message_id, payload) VALUES ($1, $2)',
	all: `WITH m AS (INSERT INTO message (external_id, sender, body, payload) VALUES ($1, $2, $3, $4)
			ON CONFLICT (external_id) DO NOTHING RETURNING id, sender, payload),
		t AS (INSERT INTO thread (sender, last_message, messages) SELECT sender, id, 1 FROM m
			ON CONFLICT (sender) DO UPDATE SET last_message = EXCLUDED.last_message, messages = thread.messages + 1)
		INSERT INTO outbox (message_id, payload) SELECT id, payload FROM m`,
};

function run(client, name, values) {
	return client.query({ name, text: statements[name], values });	// prepared once a connection
}

async function inTransaction(message) {
	const client = await pool.connect();
	try {
		await client.query('BEGIN');
		const added = await run(client, 'message', [message.id, message.from, message.text, message.payload]);
		if (added.rowCount) {
			await run(client, 'thread', [message.from, added.rows[0].id]);
			await run(client, 'outbox', [added.rows[0].id, message.payload]);
		}
		await client.query('COMMIT');
	} catch (error) {
		await client.query('ROLLBACK');
		throw error;
	} finally {
		client.release();
	}
}

function inOneStatement(message) {
	return run(pool, 'all', [message.id, message.from, message.text, message.payload]);
}

const store = { transaction: inTransaction, cte: inOneStatement }[mode];

function isSigned(request) {
	const mac = 'sha256=' + createHmac('sha256', secret).update(request.body).digest('hex');
	const given = Buffer.from(request.headers['x-hub-signature-256'] ?? '');
	return given.length === mac.length && timingSafeEqual(given, Buffer.from(mac));
}

function* messagesOf(body, payload) {
	for (const entry of body.entry)
		for (const change of entry.changes)
			for (const { id, from, text } of change.value.messages ?? [])
				yield { id, from, text: text?.body ?? '', payload };
}

const app = Fastify();

// The signature is over the bytes.
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => done(null, body));
app.post('/channel/wa-main/webhook', async (request, reply) => {
	if (!isSigned(request))
		return reply.code(401).send();
	const payload = request.body.toString();
	for (const message of messagesOf(JSON.parse(payload), payload))
		await store(message);
	return reply.code(200).send();
});

await app.listen({ host: '127.0.0.1', port: 0 });
console.log(app.server.address().port);
process.on('SIGTERM', () => process.exit(0));
