// The blocks of a text, and which of them nothing that is still to come can change.
import { languageOf } from "./prose.js";

/** @import { Token } from "../vendor/markdown.js" */
/** @typedef {{ token: Token, own: string, raw: string }} Block `raw`: with the empty lines after it */

/** @param {Token[]} tokens @param {string} prefix of the first one, which is none of its text */
export function blocksOf(tokens, prefix) {
  /** @type {Block[]} */
  const blocks = [];
  for (const token of tokens) {
    const last = blocks.at(-1);
    if (token.type === "space" && last) last.raw += token.raw;
    else blocks.push(blockOf(token, last ? token.raw : token.raw.slice(prefix.length)));
  }
  return blocks;
}

/**
 * How many blocks nothing can change: those before the last one that whole lines make. A line that is not whole decides
 * nothing: `-` may become a rule, an item, what is below a heading or the names of a table.
 * @param {Block[]} blocks @param {Block[]} sure the blocks of the whole lines
 */
export function settledOf(blocks, sure) {
  let settled = 0;
  while (settled < sure.length - 1 && blocks[settled]?.raw === sure[settled]?.raw) settled += 1;
  return settled;
}

/** @param {Token} token */
export const codeOf = (token) => (token.type === "code" && token.codeBlockStyle !== "indented" ? languageOf(token.lang) : null);

/** @param {Token} token @param {string} raw @returns {Block} */
const blockOf = (token, raw) => ({ token, own: raw.replace(/\n+$/, ""), raw });
