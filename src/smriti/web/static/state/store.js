// What the server said last, one signal a path: shown at once, loaded anew when it has changed.
import { json } from "../api.js";
import { signal } from "../vendor/preact.js";
import { Loaded } from "./loaded.js";
import { onTold, tell } from "./tabs.js";

/** @import { ReadonlySignal, Signal } from "../vendor/preact.js" */

const MOST = 200;

/** @type {Map<string, Resource<any> | Pages<any>>} */
const kept = new Map();

/** One document. @template T */
export class Resource extends Loaded {
  /** @type {Signal<T | undefined>} */
  #data = signal(undefined, this.watching);

  /** @type {ReadonlySignal<T | undefined>} */
  get data() {
    return this.#data;
  }

  /** @override @returns {Promise<T>} */
  load() {
    return this.run(() => json(this.path), (data) => { this.#data.value = data; });
  }

  /** Show this, as the server will say it in a moment. @param {T} data */
  set(data) {
    this.supersede();
    this.#data.value = data;
  }
}

/** A list that comes page by page. @template T */
export class Pages extends Loaded {
  /** @type {Signal<T[] | undefined>} */
  #items = signal(undefined, this.watching);
  /** @type {Signal<string | null>} */
  #cursor = signal(null);

  /** @param {string} path @param {number} limit */
  constructor(path, limit) {
    super(path);
    this.limit = limit;
  }

  /** @type {ReadonlySignal<T[] | undefined>} */
  get items() {
    return this.#items;
  }

  get hasMore() {
    return this.#cursor.value !== null;
  }

  /** As many as were shown, as they are now. @override */
  load() {
    const wanted = this.#items.peek()?.length ?? 0;
    return this.run(() => this.#ask(wanted), ({ items, cursor }) => {
      [this.#items.value, this.#cursor.value] = [items, cursor];
    });
  }

  async more() {
    const cursor = this.#cursor.peek();
    if (cursor === null || this.busy.peek()) return;
    await this.run(() => this.#page(cursor), (page) => {
      this.#items.value = [...(this.#items.peek() ?? []), ...page.items];
      this.#cursor.value = page.next_cursor;
    });
  }

  /** Show these, as the server will say it in a moment. @param {T[]} items */
  set(items) {
    this.supersede();
    this.#items.value = items;
  }

  /** @param {number} wanted @returns {Promise<{ items: T[], cursor: string | null }>} */
  async #ask(wanted) {
    let page = await this.#page(null);
    const items = page.items;
    while (page.next_cursor && items.length < wanted) {
      page = await this.#page(page.next_cursor);
      items.push(...page.items);
    }
    return { items, cursor: page.next_cursor };
  }

  /** @param {string | null} cursor @returns {Promise<{ items: T[], next_cursor: string | null }>} */
  #page(cursor) {
    const query = new URLSearchParams({ limit: String(this.limit), ...(cursor ? { cursor } : {}) });
    return json(`${this.path}${this.path.includes("?") ? "&" : "?"}${query}`);
  }
}

/** @template T @param {string} path @returns {Resource<T>} */
export function resource(path) {
  return remembered(path, () => new Resource(path));
}

/** @template T @param {string} path @returns {Pages<T>} */
export function pages(path, { limit = 50 } = {}) {
  return remembered(`${path} ${limit}`, () => new Pages(path, limit));
}

/** What begins so is not as it was: loads again what is shown, here and in other tabs. @param {...string} prefixes */
export function changed(...prefixes) {
  refresh(prefixes);
  tell({ kind: "changed", prefixes });
}

/** @param {string[]} prefixes */
function refresh(prefixes) {
  for (const one of kept.values()) {
    if (prefixes.some((prefix) => one.path.startsWith(prefix))) one.markStale();
  }
}

/** @template {Resource<any> | Pages<any>} T @param {string} key @param {() => T} make @returns {T} */
function remembered(key, make) {
  const found = /** @type {T} */ (kept.get(key)) ?? make();
  kept.delete(key);
  kept.set(key, found);
  if (kept.size > MOST) forgetOldest();
  return found;
}

function forgetOldest() {
  for (const [key, one] of kept) {
    if (!one.isShown) return kept.delete(key);
  }
}

onTold((message) => { if (message.kind === "changed") refresh(message.prefixes); });
