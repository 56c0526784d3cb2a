/* more.ts - what the first open does not need: fetched with the first file, or when work is asked for */
export { carry, prepare } from "./carry";
export { solve } from "./proof";
export * from "./view/extras";
