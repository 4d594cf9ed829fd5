// What of a long list is in the page, and what is seen of it. Distances are counted from the end, as the browser does
// where the last row is pinned (`column-reverse`): rows that come above move nothing.
import { Heights } from "./heights.js";
import { whenPainted } from "./painted.js";

const FEW = 40; // rows: so many, and never more, are in the page
const LOW_PX = 64; // hardly a row is lower
const MARGIN = 1.5; // heights of the pane above and below it
const NEAR_START = 2;
const AWAY_PX = 160;
const PAGE = 0.9;
const ASK_AGAIN_MS = 3000;

/** @typedef {{ from: number, to: number, above: number, below: number }} Range rows, and the heights of what is left out */

export class Pane {
  #heights = new Heights();
  /** @type {Map<Element, string>} */
  #nodes = new Map();
  /** @type {HTMLElement | null} */
  #scroller = null;
  #height = 800;
  #isPainted = false; // until then there are only the rows that will be seen
  #fromEnd = 0;
  /** @type {Element | null} what was focused last */
  #focused = null;
  /** @type {{ node: Element, top: number } | null} the first row that is seen */
  #anchor = null;
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
    whenPainted(() => { this.#isPainted = true; this.#refresh(); });
    this.#scroller = scroller;
    this.#height = scroller.clientHeight;
    this.#rows.observe(scroller);
    scroller.addEventListener("scroll", () => this.#scrolled(), options);
    scroller.addEventListener("keydown", (event) => this.#pressed(event), { signal: leaving.signal });
    scroller.addEventListener("focusin", ({ target }) => { this.#focused = /** @type {Element} */ (target); }, options);
    for (const name of ["wheel", "touchmove", "pointerdown"]) scroller.addEventListener(name, () => { this.#goal = null; }, options);
    return () => { leaving.abort(); this.#rows.disconnect(); };
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
    const lost = this.#focused?.isConnected === false && document.activeElement === document.body;
    if (lost) this.#scroller?.focus({ preventScroll: true });
    this.#hold();
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
    this.#scrolled();
    this.#scroller?.focus({ preventScroll: true });
  }

  /** @returns {Range} */
  #range() {
    const { count, whole } = this.#heights;
    if (count <= FEW) return { from: this.#isPainted ? 0 : Math.max(0, count - Math.ceil(innerHeight / LOW_PX)), to: count, above: 0, below: 0 };
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
    this.#mark();
    this.#refresh();
    this.#askForMore();
  }

  /** @param {ResizeObserverEntry[]} entries */
  #measured(entries) {
    for (const { target, borderBoxSize } of entries) {
      const height = borderBoxSize[0]?.blockSize ?? 0;
      const key = this.#nodes.get(target);
      if (key === undefined) this.#height = height;
      else this.#heights.set(key, height);
    }
    this.#hold();
    this.#follow();
    this.#refresh();
  }

  /** Remembers what is read, and where. */
  #mark() {
    const edge = this.#scroller ? topOf(this.#scroller) : 0;
    const seen = [...this.#nodes.keys()].map((node) => ({ node, top: topOf(node) })).filter(({ top }) => top >= edge);
    this.#anchor = this.#fromEnd > 0 ? (seen.sort((one, other) => one.top - other.top)[0] ?? null) : null;
  }

  /** Brings it back there before anybody sees that it moved, as browsers do by themselves, but not all and not always. */
  #hold() {
    if (!this.#anchor?.node.isConnected || !this.#scroller) return;
    this.#scroller.scrollTop += topOf(this.#anchor.node) - this.#anchor.top;
    this.#fromEnd = -this.#scroller.scrollTop;
  }

  /** To the goal: rows on the way become known, and it moves. */
  #follow() {
    if (!this.#goal || !this.#scroller) return;
    const { key, block } = this.#goal;
    const node = [...this.#nodes].find(([, name]) => name === key)?.[0];
    const index = this.#heights.indexOf(key);
    if (node) node.scrollIntoView({ block, behavior: "instant" });
    else if (index >= 0) this.#scroller.scrollTop = -(this.#heights.whole - this.#heights.top(index) - this.#height);
    this.#mark();
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
    const writes = event.target instanceof Element && event.target.matches("input, textarea, select");
    if (writes || event.ctrlKey || event.metaKey || event.altKey) return;
    /** @type {Record<string, () => void>} */
    const moves = { PageUp: () => this.#by(-PAGE), PageDown: () => this.#by(PAGE), Home: () => this.#toStart(), End: () => this.toEnd() };
    if (moves[event.key]) event.preventDefault();
    moves[event.key]?.();
  }

  /** @param {number} heights of the pane */
  #by(heights) {
    this.#scroller?.scrollBy(0, heights * this.#height);
    this.#scrolled();
  }

  #toStart() {
    this.#goal = { key: this.#keys[0] ?? "", block: "start" };
    this.#follow();
  }
}

/** @param {Element} node */
const topOf = (node) => node.getBoundingClientRect().top;
