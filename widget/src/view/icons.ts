/* icons.ts - the drawings, as paths on a field of 24 by 24 */

export { CHAT } from "../launcher";
export const CLOSE = "M6 6l12 12M18 6 6 18";
export const DOWN = "m6 9.5 6 6 6-6";
export const BACK = "m14.5 6-6 6 6 6";
export const MORE = "M5 12h.01M12 12h.01M19 12h.01";
export const CLIP = "m20 11-8.4 8.4a5.2 5.2 0 0 1-7.4-7.4l8.8-8.8a3.5 3.5 0 0 1 5 5l-8.7 8.7a1.8 1.8 0 0 1-2.5-2.5l7.9-7.9";
export const SEND = "M12 19.5v-15m-6.5 6.5L12 4.5l6.5 6.5";
export const FILE = "M13.5 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8.5L13.5 3Zm0 0v5.5H19";
export const AGAIN = "M19.5 12a7.5 7.5 0 1 1-2.3-5.4L20 9.3M20 4v5.3h-5.3";
export const EDIT = "M12 5v14M5 12h14";
export const SENT = "m5 12.5 4.5 4.5L19 7.5";
export const READ = "m2 12.5 4.5 4.5L16 7.5m-4.5 9L12 17l9.5-9.5";
export const UP_THUMB = "M7 10.5v10H4v-10h3Zm0 0 4-7.5a2.5 2.5 0 0 1 2.5 2.5V9H19a2 2 0 0 1 2 2.3l-1.2 7.5a2 2 0 0 1-2 1.7H7";
export const DOWN_THUMB = "M17 13.5v-10h3v10h-3Zm0 0-4 7.5a2.5 2.5 0 0 1-2.5-2.5V15H5a2 2 0 0 1-2-2.3l1.2-7.5a2 2 0 0 1 2-1.7H17";

/* Five faces, from very sad to very glad: only the mouth differs. */
const MOUTHS = ["M7.8 17c1-2.2 2.5-3.2 4.2-3.2s3.2 1 4.2 3.2", "M8.5 16.2c1-1.1 2.2-1.6 3.5-1.6s2.5.5 3.5 1.6",
	"M8.5 15.5h7", "M8.5 14.5c1 1.2 2.2 1.7 3.5 1.7s2.5-.5 3.5-1.7", "M7.5 13.5h9c-.3 2.7-2 4.3-4.5 4.3s-4.2-1.6-4.5-4.3Z"];
export const FACES = MOUTHS.map(mouth => "M12 21.5a9.5 9.5 0 1 0 0-19 9.5 9.5 0 0 0 0 19ZM9 9v.8M15 9v.8" + mouth);
