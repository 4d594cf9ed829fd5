// A text that grows, as blocks. Those that no later text can change are settled: shown once and never touched again.
import { highlight, setCode } from "./code.js";
import { finishedParts, goesOn, hasParts, partsIn, within } from "./parts.js";
import { addDefined, labelled, languageOf, lex, nodesOf } from "./prose.js";

/** @import { Token } from "../vendor/markdown.js" */
/** @import { Within } from "./parts.js" */
/** @import { Links } from "./prose.js" */
/** @typedef {{ token: Token, own: string, raw: string }} Block `raw`: with the empty lines after it */
/** @typedef {{ own: string, raw: string, nodes: Element[], code: string | null, within: Within | null }} Piece `code`: the language of a block that is code */

const LONG = 4096;

export class Blocks {
  #host;
  #from = 0; // what stands before this is settled
  /** @type {Piece[]} settled ones that a definition may still change */
  #linking = [];
  /** @type {Piece[]} one for each block that is not settled */
  #tail = [];
  /** @type {Within | null} what the tail begins with the rest of */
  #within = null;
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
    const { prefix } = this.#within ?? { prefix: "" };
    const { tokens, links } = lex(prefix + tail, this.#links);
    if (this.#within && !goesOn(this.#within, tokens[0])) return this.#again(this.#within, text);
    this.#define(links);
    const blocks = blocksOf(tokens, prefix);
    const settled = settledOf(blocks);
    this.#showTail(blocks, settled);
    if (settled > 0) this.#settle(blocks.slice(0, settled));
    if (blocks.length === 1) this.#settleParts(/** @type {Block} */ (blocks[0]), tail);
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
    if (piece.code !== null || piece.own !== block.own) return false;
    piece.raw = block.raw;
    return true;
  }

  /** A list that turns out to be loose looks otherwise from its first item on. @param {Within} within @param {string} text */
  #again(within, text) {
    this.#from = within.from;
    this.#linking = this.#linking.filter((piece) => piece.within !== within);
    remove(this.#tail.splice(0));
    within.top.remove();
    this.#within = null;
    this.show(text);
  }

  /** @param {Block[]} blocks @param {number} settled so many of them can be shown in one piece */
  #showTail(blocks, settled) {
    let shown = 0;
    while (this.#goesOn(this.#tail[shown], blocks[shown])) shown += 1;
    remove(this.#tail.splice(shown));
    if (this.#within && shown === 0) this.#add(blocks.slice(0, (shown = 1)));
    if (shown < settled) this.#add(blocks.slice(shown, (shown = settled)));
    for (const block of blocks.slice(shown)) this.#add([block]);
  }

  /** @param {Block[]} blocks */
  #add(blocks) {
    const within = this.#tail.length === 0 ? this.#within : null;
    const nodes = elements(nodesOf(blocks.map(({ token }) => token)), within);
    (within?.parent ?? this.#host).append(...nodes);
    const [{ token, own }, second] = /** @type {[Block, Block?]} */ (blocks);
    const code = second ? null : codeOf(token);
    this.#tail.push({ own, raw: blocks.map(({ raw }) => raw).join(""), nodes, code, within });
  }

  /** @param {Block[]} blocks */
  #settle(blocks) {
    const length = blocks.reduce((sum, { raw }) => sum + raw.length, 0);
    for (let left = length; left > 0; ) {
      const piece = /** @type {Piece} */ (this.#tail.shift());
      left -= piece.raw.length;
      this.#keep(piece);
    }
    addDefined(blocks.map(({ token }) => token), this.#links);
    this.#from += length;
    this.#within = null;
  }

  /** Of a long list or table, all but its end. @param {Block} block @param {string} tail */
  #settleParts({ token, raw }, tail) {
    if (raw.length < LONG || !hasParts(token)) return;
    const [piece] = /** @type {[Piece]} */ (this.#tail);
    const begun = this.#within ?? within(token, /** @type {Element} */ (piece.nodes[0]), this.#from);
    const { head, lengths, tokens } = finishedParts(token, this.#within !== null);
    const length = lengths.reduce((/** @type {number} */ sum, /** @type {number} */ each) => sum + each, head);
    if (tail.lastIndexOf("\n") < length) return;
    const nodes = this.#within ? piece.nodes : [...begun.parent.children];
    this.#keep({ own: "", raw: tail.slice(head, length), nodes: nodes.slice(0, lengths.length), code: null, within: begun });
    this.#tail = [{ ...piece, own: piece.own.slice(length), raw: piece.raw.slice(length), nodes: nodes.slice(lengths.length), within: begun }];
    addDefined(tokens, this.#links);
    this.#from += length;
    this.#within = begun;
  }

  /** @param {Piece} piece */
  #keep(piece) {
    highlight(piece.nodes);
    if (piece.raw.includes("[")) this.#linking.push(piece);
  }

  /** Shows anew what links by labels that are now defined otherwise. @param {Links} links */
  #define(links) {
    const before = this.#shownLinks;
    const changed = [...new Set([...Object.keys(before), ...Object.keys(links)])].filter(
      (tag) => before[tag]?.href !== links[tag]?.href || before[tag]?.title !== links[tag]?.title,
    );
    this.#shownLinks = { ...links };
    if (changed.length === 0) return;
    for (const piece of [...this.#linking, ...this.#tail]) {
      const raw = labelled(piece.raw);
      if (changed.some((tag) => raw.includes(tag))) replace(piece, links);
    }
  }
}

/** @param {Piece} piece @param {Links} links */
function replace(piece, links) {
  const [first, ...others] = piece.nodes;
  if (!first) return;
  piece.nodes = elements(nodesOf(lex((piece.within?.prefix ?? "") + piece.raw, links).tokens), piece.within);
  others.forEach((node) => node.remove());
  first.replaceWith(...piece.nodes);
}

/** @param {Piece[]} pieces */
function remove(pieces) {
  for (const { nodes } of pieces) nodes.forEach((node) => node.remove());
}

/** @param {DocumentFragment} fragment @param {Within | null} within */
const elements = (fragment, within) => (within ? partsIn(within, fragment) : [...fragment.children]);

/** @param {Token[]} tokens @param {string} prefix of the first one, which is none of its text */
function blocksOf(tokens, prefix) {
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
 * How many blocks nothing can change: all but the last one; and the one before it, too, stays open until the last one is
 * sure to be a block of its own, which takes a whole line, and of a table two.
 * @param {Block[]} blocks
 */
function settledOf(blocks) {
  const last = blocks.at(-1);
  if (!last) return 0;
  const sure = last.raw.split("\n").length > (last.token.type === "table" ? 2 : 1);
  return Math.max(0, blocks.length - (sure ? 1 : 2));
}

/** @param {Token} token */
const codeOf = (token) => (token.type === "code" && token.codeBlockStyle !== "indented" ? languageOf(token.lang) : null);


/** @param {Token} token @param {string} raw @returns {Block} */
const blockOf = (token, raw) => ({ token, own: raw.replace(/\n+$/, ""), raw });
