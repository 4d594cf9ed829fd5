// What everything has in common that is loaded from the server and kept.
import { Unreachable } from "../api.js";
import { signal } from "../vendor/preact.js";
import { pauseMs } from "./pauses.js";

/** @import { ReadonlySignal, Signal } from "../vendor/preact.js" */

const FRESH_MS = 10000;

/** Something that is loaded when somebody first looks at it, and again when it has become stale. */
export class Loaded {
  /** @type {Signal<Error | undefined>} */
  #error = signal(undefined);
  #busy = signal(false);
  #loadedAt = 0;
  #latest = 0;
  #failures = 0;
  isShown = false;

  constructor(/** @type {string} */ path) {
    this.path = path;
  }

  /** @type {ReadonlySignal<Error | undefined>} */
  get error() {
    return this.#error;
  }

  /** @type {ReadonlySignal<boolean>} */
  get busy() {
    return this.#busy;
  }

  /** How a signal knows whether it is looked at. */
  get watching() {
    return {
      watched: () => {
        this.isShown = true;
        if (Date.now() - this.#loadedAt > FRESH_MS && !this.#busy.peek()) quietly(this.load());
      },
      unwatched: () => { this.isShown = false; },
    };
  }

  /** @returns {Promise<unknown>} */
  load() {
    return Promise.resolve();
  }

  markStale() {
    this.#loadedAt = 0;
    if (this.isShown) quietly(this.load());
  }

  /** What was asked before this is not wanted any more. */
  supersede() {
    this.#latest += 1;
    this.#busy.value = false;
  }

  /** @template T @param {() => Promise<T>} ask @param {(answer: T) => void} take @returns {Promise<T>} */
  async run(ask, take) {
    const mine = ++this.#latest;
    this.#busy.value = true;
    try {
      const answer = await ask();
      if (mine === this.#latest) {
        take(answer);
        this.#loadedAt = Date.now();
        this.#error.value = undefined;
        this.#failures = 0;
      }
      return answer;
    } catch (error) {
      if (mine === this.#latest) {
        this.#error.value = /** @type {Error} */ (error);
        if (error instanceof Unreachable) this.#again(mine);
      }
      throw error;
    } finally {
      if (mine === this.#latest) this.#busy.value = false;
    }
  }

  /** As soon as the server may be back, if somebody still waits for it. @param {number} mine */
  #again(mine) {
    setTimeout(() => { if (this.isShown && mine === this.#latest) quietly(this.load()); }, pauseMs(this.#failures++));
  }
}

/** The error is shown where the data is. @param {Promise<unknown>} loading */
const quietly = (loading) => { loading.catch(() => {}); };
