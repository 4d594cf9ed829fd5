// A list or table that is so long that its items or rows settle before it ends.

/** @import { Token, Tokens } from "../vendor/markdown.js" */
/** @import { Block } from "./block.js" */
/**
 * What has begun above and goes on. Its rest is read behind `prefix`, which makes it an item or row of the same kind;
 * `skip` items of what comes of it are the prefix' own.
 * @typedef {{ type: string, top: Element, parent: Element, prefix: string, skip: number, loose: boolean, from: number }} Within
 */

/** @param {Block} block */
export const hasParts = ({ token }) => token.type === "list" || token.type === "table";

/**
 * How long the items or rows of a block are, all but its last one, and what stands before the first one.
 * @param {Token} token @param {boolean} goesOn whether a prefix stands before it
 */
export function finishedParts(token, goesOn) {
  if (token.type === "list") {
    const items = token.items.slice(goesOn ? 1 : 0, -1);
    return { head: 0, lengths: items.map((/** @type {Token} */ { raw }) => raw.length), tokens: items };
  }
  const [names = 0, rule = 0, ...rows] = token.raw.trimEnd().split("\n").map((/** @type {string} */ line) => line.length + 1);
  return { head: goesOn ? 0 : names + rule, lengths: rows.slice(0, -1), tokens: [] };
}

/** @param {Token} token @param {Element} top what shows it @param {number} from where it begins @returns {Within} */
export function within(token, top, from) {
  const { type, raw } = token;
  const parent = /** @type {Element} */ (top.querySelector("tbody") ?? top);
  if (type === "table") return { type, top, parent, prefix: raw.split("\n", 2).join("\n") + "\n", skip: 2, loose: false, from };
  const { loose } = /** @type {Tokens.List} */ (token);
  const [bullet] = /** @type {RegExpExecArray} */ (/^ {0,3}(?:[*+-]|\d{1,9}[.)])/.exec(raw));
  return { type, top, parent, prefix: `${bullet} x\n${loose ? "\n" : ""}`, skip: 1, loose, from };
}

/** Whether the block still is what had begun. @param {Within} begun @param {Block | undefined} block */
export function goesOn(begun, block) {
  const { type, loose = false } = /** @type {{ type?: string, loose?: boolean }} */ (block?.token ?? {});
  return type === begun.type && loose === begun.loose;
}

/** What shows the items or rows that are not the prefix' own. @param {Within} begun @param {DocumentFragment} fragment */
export function partsIn({ type, skip }, fragment) {
  if (type === "table") return [...fragment.querySelectorAll("tbody > tr")];
  return [...(fragment.firstElementChild?.children ?? [])].slice(skip);
}
