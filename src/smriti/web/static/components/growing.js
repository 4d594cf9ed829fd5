// A text that is being written, shown as it grows, whatever its length, for an eighth of the thread at most.
import { Blocks } from "./blocks.js";
import { normal } from "./prose.js";

const FIRST_SLICE = 2048; // characters that are shown in one go; then more or fewer, as they cost
const SLICES = { least: 512, most: 16_384 };
const SLICE_MS = 12;
const RESTS = 8; // times the cost of the last showing, before the next
const REST_MS = { least: 40, most: 250 }; // the least, for layout and painting, which are not measured
const MOST_KEPT = 200;

/** @type {WeakMap<Element, GrowingText>} whose host it is */
const owners = new WeakMap();
/** @type {Map<string, Element>} where whole texts were shown last */
const kept = new Map();

export class GrowingText {
  #host;
  #blocks;
  #text = "";
  #shown = 0;
  #slice = FIRST_SLICE;
  #restUntil = 0;
  #timer = 0;
  #frame = 0;
  #whole = false;
  /** @type {(() => void)[]} */
  #whenWhole = [];

  /** @param {Element} host an element of its own */
  constructor(host) {
    this.#host = host;
    this.#blocks = new Blocks(host);
    owners.set(host, this);
  }

  /** Call it as often as you like. @param {string} text the whole of it, as it is now */
  update(text) {
    const next = normal(text);
    if (!next.startsWith(this.#text.slice(0, this.#shown))) this.#begin();
    this.#whole &&= next === this.#text;
    this.#text = next;
    if (this.#shown < next.length) this.#plan();
  }

  /** Shows what remains without a rest, then the colours of its code. Resolves when all is there. @returns {Promise<void>} */
  finish() {
    this.#whole = true;
    this.#restUntil = 0;
    this.#stop();
    this.#show();
    return this.#whole && this.#shown < this.#text.length ? new Promise((done) => this.#whenWhole.push(done)) : Promise.resolve();
  }

  #begin() {
    this.#blocks = new Blocks(this.#host);
    this.#shown = 0;
  }

  #plan() {
    if (this.#timer || this.#frame) return;
    const rest = this.#restUntil - performance.now();
    if (rest <= 0) return this.#show();
    this.#timer = setTimeout(() => this.#inFrame(), rest);
  }

  /** Frames do not come while the page is hidden: neither does work. */
  #inFrame() {
    this.#timer = 0;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#host.isConnected) this.#show();
    });
  }

  #stop() {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.#timer = this.#frame = 0;
  }

  #show() {
    if (owners.get(this.#host) !== this) return;
    const began = performance.now();
    this.#shown = Math.min(this.#text.length, this.#shown + this.#slice);
    this.#blocks.show(this.#text.slice(0, this.#shown));
    const now = performance.now();
    this.#restUntil = now + Math.min(Math.max(RESTS * (now - began), REST_MS.least), REST_MS.most);
    this.#slice = now - began > SLICE_MS ? Math.max(this.#slice / 2, SLICES.least) : Math.min(this.#slice * 2, SLICES.most);
    if (this.#shown < this.#text.length) this.#inFrame();
    else if (this.#whole) this.#finished();
  }

  #finished() {
    this.#blocks.finish();
    kept.delete(this.#text);
    kept.set(this.#text, this.#host);
    if (kept.size > MOST_KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
    for (const done of this.#whenWhole.splice(0)) done();
  }
}

/**
 * Moves the nodes of a text that was shown before, and is not shown now, to a new place.
 * @param {Element} host @param {string} text
 */
export function reuse(host, text) {
  const shown = kept.get(normal(text));
  if (!shown || (shown !== host && shown.isConnected)) return false;
  if (shown !== host) {
    owners.delete(host);
    host.replaceChildren(...shown.childNodes);
    kept.set(normal(text), host);
  }
  return true;
}
