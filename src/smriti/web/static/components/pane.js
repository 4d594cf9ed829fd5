// What of a long list is in the page, and what is seen of it. Distances are counted from the end, as the browser does
// where the last row is pinned (`column-reverse`): rows that come above move nothing.
import { Heights } from "./heights.js";

const FEW = 40; // rows: so many, and never more, are in the page
const MARGIN = 1.5; // heights of the pane above and below it
const NEAR_START = 2;
const AWAY_PX = 160;
const PAGE = 0.9;
const ASK_AGAIN_MS = 3000;
const KEPT_BY_BROWSER = CSS.supports("overflow-anchor", "auto");

/** @typedef {{ from: number, to: number, above: number, below: number }} Range rows, and the heights of what is left out */

export class Pane {
  #heights = new Heights();
  /** @type {Map<Element, string>} */
  #nodes = new Map();
  /** @type {HTMLElement | null} */
  #scroller = null;
  #height = 800;
  #fromEnd = 0;
  #holdsFocus = false;
  /** @type {{ key: string, block: ScrollLogicalPosition } | null} where the reader wants to be, until she moves herself */
  #goal = null;
  /** @type {string | null} the first row when `onStart` was called */
  #asked = null;
  #setRange;
  #setAway;
  #rows = new ResizeObserver((entries) => this.#measured(entries));
  /** @type {string[]} */
  #keys = [];
  /** @type {(() => unknown) | undefined} */
  onStart;

  /** @param {(range: string) => void} setRange renders again @param {(away: boolean) => void} setAway */
  constructor(setRange, setAway) {
    this.#setRange = setRange;
    this.#setAway = setAway;
  }

  /** @param {string[]} keys @returns {Range} */
  order(keys) {
    this.#keys = keys;
    this.#heights.order(keys);
    return this.#range();
  }

  /** @param {HTMLElement} scroller */
  attach(scroller) {
    const leaving = new AbortController();
    const options = { signal: leaving.signal, passive: true };
    this.#scroller = scroller;
    this.#height = scroller.clientHeight;
    this.#rows.observe(scroller);
    scroller.addEventListener("scroll", () => this.#scrolled(), options);
    scroller.addEventListener("keydown", (event) => this.#pressed(event), { signal: leaving.signal });
    scroller.addEventListener("focusin", () => { this.#holdsFocus = true; }, options);
    scroller.addEventListener("focusout", () => { this.#holdsFocus = false; }, options);
    for (const name of ["wheel", "touchmove", "pointerdown"]) scroller.addEventListener(name, () => { this.#goal = null; }, options);
    return () => {
      leaving.abort();
      this.#rows.disconnect();
    };
  }

  /** @param {string} key @param {HTMLElement} node */
  observe(key, node) {
    this.#nodes.set(node, key);
    this.#rows.observe(node);
    return () => {
      this.#nodes.delete(node);
      this.#rows.unobserve(node);
    };
  }

  /** After each rendering. A row that goes does not take the focus out of the list. */
  shown() {
    if (this.#holdsFocus && document.activeElement === document.body) this.#scroller?.focus({ preventScroll: true });
    this.#askForMore();
  }

  /** @param {string} key */
  reveal(key) {
    this.#goal = { key, block: "center" };
    this.#follow();
  }

  toEnd() {
    this.#goal = null;
    this.#scroller?.scrollTo({ top: 0, behavior: "instant" });
    this.#scroller?.focus({ preventScroll: true });
  }

  /** @returns {Range} */
  #range() {
    const { count, whole } = this.#heights;
    if (count <= FEW) return { from: 0, to: count, above: 0, below: 0 };
    const bottom = whole - this.#fromEnd;
    const top = bottom - this.#height;
    const from = this.#heights.at(top - MARGIN * this.#height);
    const to = this.#heights.at(bottom + MARGIN * this.#height) + 1;
    const first = this.#heights.at(top);
    const spare = Math.max(0, FEW - (this.#heights.at(bottom) + 1 - first)) >> 1;
    const start = Math.max(from, Math.min(first - spare, count - FEW));
    const end = Math.min(to, start + FEW);
    return { from: start, to: end, above: this.#heights.top(start), below: whole - this.#heights.top(end) };
  }

  /** Renders again when other rows are near. */
  #refresh() {
    const { from, to } = this.#range();
    this.#setRange(`${from}-${to}`);
    this.#setAway(this.#fromEnd > AWAY_PX);
  }

  #scrolled() {
    this.#fromEnd = -(this.#scroller?.scrollTop ?? 0);
    this.#refresh();
    this.#askForMore();
  }

  /** @param {ResizeObserverEntry[]} entries */
  #measured(entries) {
    const edge = this.#heights.whole - this.#fromEnd;
    let grown = 0;
    for (const { target, borderBoxSize } of entries) grown += this.#measure(target, borderBoxSize[0]?.blockSize ?? 0, edge);
    if (!KEPT_BY_BROWSER && this.#fromEnd > 0) this.#scroller?.scrollBy({ top: -grown, behavior: "instant" });
    this.#follow();
    this.#refresh();
  }

  /** How much more there is now below the edge. @param {Element} target @param {number} height @param {number} edge */
  #measure(target, height, edge) {
    if (target === this.#scroller) this.#height = height;
    const key = this.#nodes.get(target);
    if (key === undefined) return 0;
    const below = this.#heights.top(this.#heights.indexOf(key)) >= edge;
    const grown = this.#heights.set(key, height);
    return below ? grown : 0;
  }

  /** To the goal: rows on the way become known, and it moves. */
  #follow() {
    if (!this.#goal || !this.#scroller) return;
    const { key, block } = this.#goal;
    const node = [...this.#nodes].find(([, name]) => name === key)?.[0];
    if (node) return node.scrollIntoView({ block, behavior: "instant" });
    const index = this.#heights.indexOf(key);
    if (index >= 0) this.#scroller.scrollTop = -(this.#heights.whole - this.#heights.top(index) - this.#height);
  }

  #askForMore() {
    const [first] = this.#keys;
    const toStart = this.#heights.whole - this.#fromEnd - this.#height;
    if (!this.onStart || first === undefined || first === this.#asked || toStart > NEAR_START * this.#height) return;
    this.#asked = first;
    Promise.resolve(this.onStart()).catch(() => setTimeout(() => { this.#asked = null; }, ASK_AGAIN_MS));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    this.#goal = null;
    const writes = event.target instanceof Element && event.target.matches("input, textarea, select, [contenteditable]");
    if (writes || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    /** @type {Record<string, () => void>} */
    const moves = {
      PageUp: () => this.#by(-PAGE),
      PageDown: () => this.#by(PAGE),
      Home: () => this.#toStart(),
      End: () => this.toEnd(),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  /** @param {number} heights of the pane */
  #by(heights) {
    this.#scroller?.scrollBy({ top: heights * this.#height, behavior: "instant" });
  }

  #toStart() {
    const [key] = this.#keys;
    if (key === undefined) return;
    this.#goal = { key, block: "start" };
    this.#follow();
  }
}
