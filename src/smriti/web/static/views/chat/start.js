// The address of the app itself.
export { Start as View } from "./new.js";
export const title = "";
