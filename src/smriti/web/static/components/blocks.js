// A text that grows, as blocks. Those that no later text can change are settled: shown once and never touched again.
import { blocksOf, codeOf, settledOf } from "./block.js";
import { highlight, setCode } from "./code.js";
import { finishedParts, goesOn, hasParts, partsIn, within } from "./parts.js";
import { addDefined, labelled, lex, nodesOf } from "./prose.js";

/** @import { Block } from "./block.js" */
/** @import { Within } from "./parts.js" */
/** @import { Links } from "./prose.js" */
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
    const { blocks, links } = this.#read(tail);
    if (this.#within && !goesOn(this.#within, blocks[0])) return this.#again(this.#within, text);
    this.#define(links);
    const parted = isLong(blocks);
    const sure = parted || blocks.length > 1 ? this.#read(tail.slice(0, tail.lastIndexOf("\n") + 1)).blocks : [];
    const settled = settledOf(blocks, sure);
    this.#showTail(blocks, settled);
    if (settled > 0) this.#settle(blocks.slice(0, settled));
    if (parted) this.#settleParts(/** @type {[Block]} */ (blocks), sure, tail);
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

  /**
   * Of a long list or table, all but the last item or row of which a whole line is there.
   * @param {[Block]} blocks @param {Block[]} sure what its whole lines make @param {string} tail
   */
  #settleParts([{ token }], [sure], tail) {
    const [piece] = /** @type {[Piece]} */ (this.#tail);
    const begun = this.#within ?? within(token, /** @type {Element} */ (piece.nodes[0]), this.#from);
    if (!sure || !goesOn(begun, sure)) return;
    const { head, lengths, tokens } = finishedParts(sure.token, this.#within !== null);
    if (lengths.length === 0) return;
    const length = lengths.reduce((/** @type {number} */ sum, /** @type {number} */ each) => sum + each, head);
    const nodes = this.#within ? piece.nodes : [...begun.parent.children];
    const count = lengths.length;
    this.#keep({ own: "", raw: tail.slice(head, length), nodes: nodes.slice(0, count), code: null, within: begun });
    this.#tail = [{ ...piece, own: piece.own.slice(length), raw: piece.raw.slice(length), nodes: nodes.slice(count), within: begun }];
    addDefined(tokens, this.#links);
    this.#from += length;
    this.#within = begun;
  }

  /** @param {string} tail */
  #read(tail) {
    const { prefix } = this.#within ?? { prefix: "" };
    const { tokens, links } = lex(prefix + tail, this.#links);
    return { blocks: blocksOf(tokens, prefix), links };
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

/** @param {Block[]} blocks */
const isLong = ([only, another]) => Boolean(only && !another && only.raw.length > LONG && hasParts(only));

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
