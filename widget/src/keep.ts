/* keep.ts - what outlives the page: JSON under a prefix in localStorage or sessionStorage
 *
 * A browser may refuse both, or be full: then memory does for this page. */

/* The part of Storage that is used. */
export type Area = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

export function areaOf(name: "localStorage" | "sessionStorage"): Area | null {
	try {
		return window[name];
	} catch {
		return null;	/* forbidden: reading the property throws */
	}
}

export class Keep {
	private readonly memory = new Map<string, string>();

	constructor(private readonly prefix: string, private readonly area: Area | null) {}

	get<T>(key: string): T | null {
		try {
			const text = this.memory.get(key) ?? this.area?.getItem(this.prefix + key);
			return text ? JSON.parse(text) : null;
		} catch {
			return null;
		}
	}

	/* null and undefined remove. */
	set(key: string, value: unknown): void {
		this.memory.delete(key);
		try {
			if (value === null || value === undefined)
				this.area?.removeItem(this.prefix + key);
			else if (this.area)
				this.area.setItem(this.prefix + key, JSON.stringify(value));
			else
				this.memory.set(key, JSON.stringify(value));
		} catch {
			this.memory.set(key, JSON.stringify(value));
		}
	}

	/* In order. */
	keys(start = ""): string[] {
		const found = new Set([...this.memory.keys()].filter((key) => key.startsWith(start)));
		for (let i = 0; i < (this.area?.length ?? 0); i++) {
			const key = this.area!.key(i);
			if (key?.startsWith(this.prefix + start))
				found.add(key.slice(this.prefix.length));
		}
		return [...found].sort();
	}

	clear(): void {
		for (const key of this.keys())
			this.set(key, null);
	}
}
