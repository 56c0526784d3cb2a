// server.js - what a team would write to reach listeners: Node's ws, a map, and a route that sends to one of them
//
//     node server.js
//
// GET /ws?me=N (upgraded) listens as number N, POST /say?to=N hands its body to that one.  Nothing is kept.
// Prints its port.

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const listeners = new Map();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

const server = createServer((request, answer) => {
	const to = listeners.get(new URL(request.url, 'http://a').searchParams.get('to'));
	let body = '';

	request.setEncoding('utf8');
	request.on('data', (piece) => { body += piece; });
	request.on('end', () => {
		to?.send(body);
		answer.writeHead(to ? 202 : 404, { 'Content-Type': 'application/json', 'Content-Length': 2 });
		answer.end('{}');
	});
});

server.on('upgrade', (request, socket, head) => {
	const me = new URL(request.url, 'http://a').searchParams.get('me');

	sockets.handleUpgrade(request, socket, head, (listener) => {
		listeners.set(me, listener);
		listener.on('close', () => listeners.delete(me));
	});
});

process.on('SIGTERM', () => process.exit(0));
server.keepAliveTimeout = 600000;
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => console.log(server.address().port));
