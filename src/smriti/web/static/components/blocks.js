// A text that grows, as blocks. Those that no later text can change are settled: shown once and never touched again.
import { highlight, setCode } from "./code.js";
import { addDefined, languageOf, lex, nodesOf } from "./prose.js";

/** @import { Token } from "../vendor/markdown.js" */
/** @import { Links } from "./prose.js" */
/** @typedef {{ token: Token, raw: string }} Block with the empty lines after it */
/** @typedef {{ raw: string, nodes: Element[], code: string | null }} Piece `code`: the language of a block that is code */

export class Blocks {
  #host;
  #from = 0; // what stands before this is settled
  /** @type {Piece[]} settled ones that a definition may still change */
  #open = [];
  /** @type {Piece[]} */
  #tail = [];
  /** @type {Links} */
  #links = {};
  /** @type {Links} with those of the tail, which may not be whole */
  #shownLinks = {};

  /** @param {Element} host */
  constructor(host) {
    this.#host = host;
    host.replaceChildren();
  }

  /** Shows a text that begins with the one before. @param {string} text */
  show(text) {
    const tail = text.slice(this.#from);
    const { tokens, links } = lex(tail, this.#links);
    const blocks = blocksOf(tokens);
    this.#define(links);
    const settled = settledOf(blocks, tail);
    let kept = 0;
    while (this.#goesOn(this.#tail[kept], blocks[kept])) kept += 1;
    for (const piece of this.#tail.splice(kept)) piece.nodes.forEach((node) => node.remove());
    if (kept < settled) this.#add(blocks.slice(kept, settled));
    for (const block of blocks.slice(Math.max(kept, settled))) this.#add([block]);
    this.#settle(blocks.slice(0, settled));
  }

  /** Nothing more comes. */
  finish() {
    for (const piece of this.#tail) highlight(piece.nodes);
  }

  /** Whether the piece shows the block, or does so now. @param {Piece | undefined} piece @param {Block | undefined} block */
  #goesOn(piece, block) {
    if (!piece || !block) return false;
    const [node] = piece.nodes;
    if (node && piece.code !== null && codeOf(block.token) === piece.code) {
      setCode(node, /** @type {any} */ (block.token).text.replace(/\n$/, ""));
      piece.raw = block.raw;
      return true;
    }
    if (piece.code !== null || piece.raw.trimEnd() !== block.raw.trimEnd()) return false;
    piece.raw = block.raw;
    return true;
  }

  /** @param {Block[]} blocks */
  #add(blocks) {
    const nodes = [...nodesOf(blocks.map(({ token }) => token)).children];
    this.#host.append(...nodes);
    const [first, second] = blocks;
    this.#tail.push({ raw: blocks.map(({ raw }) => raw).join(""), nodes, code: first && !second ? codeOf(first.token) : null });
  }

  /** @param {Block[]} blocks */
  #settle(blocks) {
    const length = blocks.reduce((sum, { raw }) => sum + raw.length, 0);
    for (let left = length; left > 0; ) {
      const piece = /** @type {Piece} */ (this.#tail.shift());
      left -= piece.raw.length;
      highlight(piece.nodes);
      if (piece.raw.includes("[")) this.#open.push(piece);
    }
    addDefined(blocks.map(({ token }) => token), this.#links);
    this.#from += length;
  }

  /** Shows anew what links by labels that are now defined otherwise. @param {Links} links */
  #define(links) {
    const before = this.#shownLinks;
    const changed = [...new Set([...Object.keys(before), ...Object.keys(links)])].filter(
      (tag) => before[tag]?.href !== links[tag]?.href || before[tag]?.title !== links[tag]?.title,
    );
    this.#shownLinks = { ...links };
    if (changed.length === 0) return;
    for (const piece of [...this.#open, ...this.#tail]) {
      const raw = piece.raw.toLowerCase().replace(/\s+/g, " ");
      if (changed.some((tag) => raw.includes(tag))) replace(piece, links);
    }
  }
}

/** @param {Piece} piece @param {Links} links */
function replace(piece, links) {
  const [first, ...others] = piece.nodes;
  if (!first) return;
  piece.nodes = [...nodesOf(lex(piece.raw, links).tokens).children];
  others.forEach((node) => node.remove());
  first.replaceWith(...piece.nodes);
}

/** @param {Token[]} tokens */
function blocksOf(tokens) {
  /** @type {Block[]} */
  const blocks = [];
  for (const token of tokens) {
    const last = blocks.at(-1);
    if (token.type === "space" && last) last.raw += token.raw;
    else blocks.push({ token, raw: token.raw });
  }
  return blocks;
}

/**
 * All but the last block; and the one before it, too, stays open while the last has not one whole line.
 * @param {Block[]} blocks @param {string} text
 */
function settledOf(blocks, text) {
  const last = blocks.at(-1);
  if (!last) return 0;
  const begun = text.lastIndexOf("\n") >= text.length - last.raw.length;
  return Math.max(0, blocks.length - (begun ? 1 : 2));
}

/** @param {Token} token */
const codeOf = (token) => (token.type === "code" && token.codeBlockStyle !== "indented" ? languageOf(token.lang) : null);
