/* types.ts - what the API says, as far as the pages look at it (doc/api.md) */

export type Time = string;		/* RFC 3339, UTC */

export interface Session {
	principal: string;		/* "console:ann" */
	role: string;
	scopes: string[];
	expires_at: Time;
	gateway: string;		/* its name */
	version: string;
	public_url: string | null;
}

export interface Address {
	uri: string;
	proof: string;
}

export interface Contact {
	id: string;
	name: string | null;
	email: string | null;
	phone: string | null;
	external_id: string | null;
	tier: string | null;
	locale: string | null;
	opted_out: boolean;
	conflicted: boolean;
	addresses: Address[];
	tags: string[];
	fields: Record<string, unknown>;
	blocked?: { since: Time; until: Time | null; reason: string | null } | null;
}

export interface Link {
	backend: string;
	id: string | null;
	number: string | null;
	url: string | null;
	at: Time;
}

export interface Ticket {
	id: string;
	number: string;
	state: string;
	shadow?: boolean;
	subject: string | null;
	priority: string | null;
	category: string | null;
	type: string | null;
	reason: string | null;
	agent: string | null;
	queue: string | null;
	skill: string | null;
	assignee: string | null;
	status: string | null;
	external_status: string | null;
	requester: string | null;
	created_at: Time;
	acknowledged_at: Time | null;
	links: Link[];
}

export interface Thread {
	id: string;
	state: string;
	shadow?: boolean;
	resolution: string | null;
	held: boolean;
	reopened: boolean;
	channel: string | null;
	channel_address: string | null;
	reply_to: string | null;
	subject: string | null;
	key?: string;			/* "joined:thr_...": its ticket is that one's */
	opened_at: Time;
	last_activity_at: Time;
	last_customer_message_at: Time | null;
	messages: number;
	inbound: number;
	outbound: number;
	noise: number;			/* of inbound */
	queue: string | null;
	skill: string | null;
	assignee: string | null;
	tags: string[];
	custom: Record<string, unknown>;
	contact: Contact | null;
	ticket: Ticket | null;
	episode: Record<string, unknown> | null;
}

export interface File {
	id: string;
	kind: string;
	name: string | null;
	type: string | null;
	size: number | null;
	state: string;
}

export interface Message {
	id: string;
	direction: string;		/* inbound, outbound, note, system */
	author: string;
	author_name: string | null;
	kind: string;
	channel: string | null;
	address: string | null;
	at: Time;
	text: string;
	delivery?: string;
	error?: { code: number; text: string | null; advice: string | null } | null;
	attachments: File[];
	subject?: string;
	note?: string;
	edited_at?: Time;
	deleted_at?: Time;
	unproven?: boolean;
	noise?: boolean;
}

export interface Condition {
	cond?: string;
	want?: string;
	got?: unknown;
	ok?: boolean;
	note?: string;
	of?: Condition[];
}

export interface RuleTrace {
	rule: string;
	file?: string | null;
	line?: number | null;
	matched: boolean;
	why: Condition[];
}

export interface Decision {
	number?: number;
	at: Time;
	on: string;
	action: string;
	rule: string | null;
	file?: string | null;
	line?: number | null;
	config_hash: string | null;
	proposal?: string | null;
	proposal_reason?: string | null;
	thread_id?: string;
	message_id?: string | null;
	text?: string;
	facts: Record<string, unknown> | null;
	trace?: RuleTrace[] | null;
	note?: string | null;
}

export interface Event {
	id: string;
	type: string;
	timestamp: Time;
	data: Record<string, any>;
}
