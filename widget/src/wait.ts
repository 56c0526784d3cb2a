/* wait.ts - how long to wait before it is tried again, and waiting that can be cut short */

const FIRST_MS = 1000;
const MOST_MS = 30_000;

/* Doubles with each failure (from 0 on), and is drawn between half of it and all: a server that comes back is not
 * met by everybody at once. */
export function backoff(failures: number, random: number = Math.random()): number {
	const whole = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
	return whole * (0.5 + random / 2);
}

/* Ends after ms, or when the signal aborts: never throws. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
	return new Promise((done) => {
		const end = (): void => {
			clearTimeout(timer);
			signal?.removeEventListener("abort", end);
			done();
		};
		const timer = setTimeout(end, ms);
		if (signal?.aborted)
			end();
		else
			signal?.addEventListener("abort", end);
	});
}
