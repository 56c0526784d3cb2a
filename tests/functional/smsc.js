// An operator: npm smpp as SMSC, told what to do by lines of JSON on stdin, telling what happened on stdout.
//
// Moods (set by {"do": "mood", ...}): bind: command_status of binds, or "silent"; submit: "ok", "silent", "half" (half an
// answer, then the line is cut), "cut" (the line is cut when `count` messages are unanswered) or a command_status for the
// next `count` messages; receipts: "none", "after", "early" (before the answer), "other" (on another bind); stat, tlv (only
// TLVs); ids: how many: {response, receipt} of "decimal", "hex", "padded"; enquire: "silent"; answer: false leaves
// deliver_sm_resp unread.
'use strict';
const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');

const mood = { bind: 0, submit: 'ok', count: 0, receipts: 'none', stat: 'DELIVRD', ids: {}, enquire: 'ok' };
const sessions = [];
const held = [];
let messages = 1000;

const tell = (event) => process.stdout.write(JSON.stringify(Object.assign({ at: Date.now() }, event)) + '\n');

const forms = {
	decimal: (n) => String(n),
	hex: (n) => n.toString(16).toUpperCase(),
	padded: (n) => String(n).padStart(10, '0'),
	hex_padded: (n) => n.toString(16).padStart(8, '0'),
};
const form = (n, name) => forms[name || 'decimal'](n);

const stats = { DELIVRD: 2, EXPIRED: 3, UNDELIV: 5, ACCEPTD: 6, REJECTD: 8 };

function text(value) {
	if (value === undefined || value === null) return '';
	const said = value.message === undefined ? value : value.message;
	return Buffer.isBuffer(said) ? said.toString('latin1') : String(said);
}

function header(value) {
	return value && value.udh ? value.udh.map((part) => part.toString('hex')) : [];
}

function bound(kinds) {
	return sessions.filter((s) => s.bound && kinds.includes(s.bound));
}

function receipt(session, pdu, n) {
	const id = form(n, mood.ids.receipt);
	const more = mood.tlv ?
		{ receipted_message_id: id, message_state: stats[mood.stat], short_message: '' } :
		{ short_message: `id:${id} sub:001 dlvrd:001 submit date:2611201002 done date:2611201003 stat:${mood.stat} err:000 text:x` };
	let on = session;
	if (mood.receipts === 'other' || session.bound === 'bind_transmitter')
		on = bound(['bind_receiver', 'bind_transceiver']).find((s) => s !== session) || session;
	on.deliver_sm(Object.assign({ source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, source_addr_ton: 1,
		esm_class: 4 }, more), (resp) => tell({ event: 'receipt_resp', status: resp.command_status, session: on.number }));
}

function take(session, pdu) {
	const n = ++messages;
	if (mood.receipts === 'early') receipt(session, pdu, n);
	const response = pdu.response({ message_id: form(n, mood.ids.response) });
	const send = () => session.send(response);
	if (mood.receipts === 'early') setImmediate(send); else send();
	if (mood.receipts === 'after' || mood.receipts === 'other') receipt(session, pdu, n);
	tell({ event: 'taken', id: n, text: text(pdu.short_message), session: session.number });
}

function submit(session, pdu) {
	tell({ event: 'submit', session: session.number, sequence: pdu.sequence_number, text: text(pdu.short_message),
		udh: header(pdu.short_message), payload: text(pdu.message_payload), from: pdu.source_addr, from_ton: pdu.source_addr_ton,
		to: pdu.destination_addr, to_ton: pdu.dest_addr_ton, coding: pdu.data_coding, registered: pdu.registered_delivery,
		esm_class: pdu.esm_class, sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum] });
	if (mood.submit === 'silent') {
		held.push({ session, pdu });
	} else if (mood.submit === 'half') {
		const bytes = pdu.response({ message_id: '77' }).toBuffer();
		session.socket.end(bytes.slice(0, 9));
	} else if (mood.submit === 'cut') {
		held.push({ session, pdu });
		if (held.length >= mood.count) {
			held.length = 0;
			for (const s of sessions) s.socket.destroy();
		}
	} else if (mood.submit !== 'ok' && mood.count-- > 0) {
		session.send(pdu.response({ command_status: mood.submit }));
		tell({ event: 'refused', text: text(pdu.short_message) });
	} else {
		take(session, pdu);
	}
}

function bind(session, pdu) {
	tell({ event: 'bind', kind: pdu.command, system_id: pdu.system_id, password: pdu.password, system_type: pdu.system_type,
		version: pdu.interface_version, session: session.number });
	if (mood.bind === 'silent') return;
	session.send(pdu.response(mood.bind ? { command_status: mood.bind } : { system_id: 'SMSC' }));
	if (!mood.bind) session.bound = pdu.command;
	tell({ event: 'bound', status: mood.bind, session: session.number });
}

function onPdu(session, pdu) {
	if (pdu.command.startsWith('bind_') && !pdu.isResponse()) {
		bind(session, pdu);
	} else if (pdu.command === 'submit_sm') {
		submit(session, pdu);
	} else if (pdu.command === 'enquire_link') {
		tell({ event: 'enquire', session: session.number });
		if (mood.enquire !== 'silent') session.send(pdu.response());
	} else if (pdu.command === 'unbind') {
		tell({ event: 'unbind', session: session.number });
		session.send(pdu.response());
	} else if (pdu.command === 'generic_nack' || pdu.command === 'enquire_link_resp' || pdu.command === 'unbind_resp') {
		tell({ event: pdu.command, status: pdu.command_status, sequence: pdu.sequence_number, session: session.number });
	}
}

function onSession(session) {
	session.number = sessions.length + 1;
	sessions.push(session);
	tell({ event: 'session', session: session.number });
	session.on('pdu', (pdu) => onPdu(session, pdu));
	session.on('error', (error) => tell({ event: 'error', text: String(error), session: session.number }));
	session.on('close', () => { session.bound = null; tell({ event: 'close', session: session.number }); });
}

const verbs = {
	mood: (order) => Object.assign(mood, order.set),
	deliver: (order) => {
		const pdu = Object.assign({}, order.pdu);
		for (const name of ['short_message', 'message_payload'])
			if (pdu[name] && pdu[name].hex !== undefined) pdu[name] = Buffer.from(pdu[name].hex, 'hex');
			else if (pdu[name] && pdu[name].udh) pdu[name].udh = Buffer.from(pdu[name].udh, 'hex');
		const to = order.session ? sessions[order.session - 1] : bound(['bind_receiver', 'bind_transceiver'])[0];
		to[order.command || 'deliver_sm'](pdu, (resp) => tell({ event: 'delivered', tag: order.tag, status: resp.command_status }));
	},
	// hex straight into the line
	raw: (order) => bound(['bind_receiver', 'bind_transceiver', 'bind_transmitter'])[0].socket.write(Buffer.from(order.hex, 'hex')),
	cut: () => { for (const s of sessions) s.socket.destroy(); },
	request: (order) => { for (const s of sessions.filter((one) => one.bound)) s[order.command](); },
	// what was held is taken now
	answer: () => { for (const h of held.splice(0)) take(h.session, h.pdu); },
};

const tls = process.argv[2] ? { key: fs.readFileSync(process.argv[2]), cert: fs.readFileSync(process.argv[3]) } : {};
const server = smpp.createServer(tls, onSession);
server.on('tlsClientError', (error) => tell({ event: 'tls_error', text: String(error) }));
server.listen(0, '127.0.0.1', () => tell({ event: 'listening', port: server.address().port }));
readline.createInterface({ input: process.stdin }).on('line', (line) => {
	const order = JSON.parse(line);
	verbs[order.do](order);
	tell({ event: 'done', order: order.n });
}).on('close', () => process.exit(0));
