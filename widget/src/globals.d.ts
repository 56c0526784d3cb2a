/* What the build puts in place of these names: widget/build.py. */

/* The file of app.ts, beside the loader: "app-0a1b2c3d4e.js". */
declare const __APP__: string;
/* That of more.ts. */
declare const __MORE__: string;
/* Language code -> its file: { de: "lang-de-0a1b2c3d4e.json" }; English is part of the app. */
declare const __LANGUAGES__: Readonly<Record<string, string>>;
/* Style sheet -> its file: { view: "view-0a1b2c3d4e.css" }. */
declare const __STYLES__: Readonly<Record<string, string>>;

/* A style sheet is imported as its text, minified. */
declare module "*.css" {
	const text: string;
	export default text;
}
