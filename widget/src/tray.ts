/* tray.ts - the files that lie with the composer, and those that messages on their way wait for */
import { Trouble, plain } from "./api";
import type { Item, ItemFile, Outbox } from "./outbox";
import { Outgoing, Turns, UploadEnv } from "./uploads";
import type { Problem } from "./types";

export interface TrayEnv extends Omit<UploadEnv, "changed"> {
	/* The list with the composer. */
	changed(): void;
	/* Files of messages on their way. */
	progress(): void;
	outbox: Outbox;
}

export class Tray {
	/* By key: of the composer and of messages. */
	readonly all = new Map<string, Outgoing>();
	/* key -> the message that waits for it */
	private readonly owner = new Map<string, string>();
	private readonly turns = new Turns();

	constructor(private readonly env: TrayEnv) {}

	/* With the composer. */
	get list(): Outgoing[] {
		return [...this.all.values()].filter((file) => !this.owner.has(file.key));
	}

	/* Those that a message would take with it. */
	get ready(): Outgoing[] {
		return this.list.filter((file) => file.state !== "failed");
	}

	add(files: Iterable<Blob & { name?: string }>): void {
		const { changed, ...env } = this.env;
		for (const file of files) {
			const one = new Outgoing(file, { ...env, changed: (it) => this.moved(it) }, this.turns, this.full());
			this.all.set(one.key, one);
		}
		changed();
	}

	remove(key: string): void {
		this.all.get(key)?.cancel();
		this.all.delete(key);
		this.env.changed();
	}

	/* A message takes them. */
	hand(files: Outgoing[], message: string): ItemFile[] {
		files.forEach((file) => this.owner.set(file.key, message));
		this.env.changed();
		return files.map(asItem);
	}

	/* The message is gone; dropped: its files are wanted no more. */
	away(message: string, dropped = true): void {
		for (const [key, owner] of [...this.owner]) {
			if (owner !== message)
				continue;
			if (dropped)
				this.all.get(key)?.cancel();
			this.all.get(key)?.release();
			this.all.delete(key);
			this.owner.delete(key);
		}
	}

	/* A failed message, once more: with its files, as far as this tab still has them. */
	again(item: Item): void {
		const files = item.files.filter((file) => file.id || this.all.has(file.key));
		if (!files.length && !item.text) {
			this.env.outbox.drop(item.id);
			return;
		}
		files.forEach((file) => this.all.get(file.key)?.retry());
		this.env.outbox.put({ ...item, files, problem: null });
	}

	/* The network is back. */
	wake(): void {
		this.all.forEach((file) => file.wake());
	}

	clear(): void {
		this.all.forEach((file) => file.cancel());
		this.all.clear();
		this.owner.clear();
		this.env.changed();
	}

	private full(): Problem | null {
		const most = this.env.rules()?.max_files ?? Infinity;
		return this.ready.length < most ? null :
			plain(new Trouble("too-many-files", "No more files fit in a message", `${most}`));
	}

	private moved(file: Outgoing): void {
		const owner = this.owner.get(file.key);
		const item = owner && this.env.outbox.get(owner);
		if (!item) {
			this.env.changed();
			return;
		}
		if (file.state === "done" || file.state === "failed") {
			const files = item.files.map((one) => one.key === file.key ? asItem(file) : one);
			this.env.outbox.put({ ...item, files, problem: file.problem });
		}
		this.env.progress();
	}
}

function asItem({ key, id, name, type, bytes, state }: Outgoing): ItemFile {
	return { key, name, type, bytes, id: state === "done" ? id : null };
}
