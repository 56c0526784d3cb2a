/* extras.ts - what the first open of the panel does not need, and its style sheet: part of more.ts */
export { Chips } from "./chip";
export { makeList } from "./list";
export { fillMenu } from "./menu";
export { makeRating } from "./rating";
export { default as css } from "../extras.css";
