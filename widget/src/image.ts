/* image.ts - makes photographs smaller before they travel: 12 megapixels say no more than 3 to who helps
 *
 * What is drawn again has lost where and with what it was taken, too. */

const EDGE_MAX = 2048;
/* Below this nothing is gained. */
const BYTES_MIN = 300_000;
const QUALITY = 0.85;
/* Drawings move (gif) or have no pixels (svg): they stay. */
const SCALED = /^image\/(jpeg|png|webp)$/;

export function fitted(width: number, height: number, most = EDGE_MAX): { width: number; height: number } {
	const by = Math.min(1, most / Math.max(width, height));
	return { width: Math.max(1, Math.round(width * by)), height: Math.max(1, Math.round(height * by)) };
}

/* The same file when it is small, no photograph, or cannot be drawn. */
export async function scaled(file: Blob): Promise<Blob> {
	if (!SCALED.test(file.type) || file.size < BYTES_MIN || typeof createImageBitmap !== "function")
		return file;
	try {
		const bitmap = await createImageBitmap(file);
		const blob = await drawn(bitmap, file.type);
		bitmap.close();
		return blob && blob.type === file.type && blob.size < file.size ? blob : file;
	} catch {
		return file;	/* no picture, whatever its name says: the server will look */
	}
}

function drawn(bitmap: ImageBitmap, type: string): Promise<Blob | null> {
	const canvas = document.createElement("canvas");
	Object.assign(canvas, fitted(bitmap.width, bitmap.height));
	canvas.getContext("2d")!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
	return new Promise((done) => canvas.toBlob(done, type, QUALITY));
}
