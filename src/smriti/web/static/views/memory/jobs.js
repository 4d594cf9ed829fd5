// Long work on an archive that goes on when its page is left: imports, and exports.
import { json, Refused, sentence } from "../../api.js";
import { tell } from "../../state/tabs.js";
import { signal } from "../../vendor/preact.js";
import { archivePath } from "./passages.js";

/** @import { Signal } from "../../vendor/preact.js" */
/** @import { ArchivalMemoryImport, ImportedBatch, PageFoundMemory } from "../../types.d.ts" */
/** @typedef {"running" | "waiting" | "stopped" | "failed" | "done"} State */

const MOST_ITEMS = 200;
const MOST_CHARACTERS = 1e6;
const AT_ONCE = 100;

/** The newest of each agent. @type {Signal<ReadonlyMap<string, Job>>} */
export const jobs = signal(new Map());

/** Something in many steps that can be stopped and gone on with. */
export class Job {
  state = signal(/** @type {State} */ ("stopped"));
  /** Why it does not go on. */
  problem = signal("");
  done = signal(0);
  #stop = new AbortController();

  /** @param {string} agent @param {number | null} total null: nobody knows */
  constructor(agent, total) {
    this.agent = agent;
    this.total = total;
    jobs.value = new Map([...jobs.value, [agent, this]]);
  }

  stop() {
    this.#stop.abort();
  }

  /** Begin, or go on where it was. */
  async run() {
    this.#stop = new AbortController();
    this.state.value = "running";
    addEventListener("beforeunload", warn);
    try {
      while (await this.#stepped(this.#stop.signal));
      this.state.value = "done";
    } catch (error) {
      this.state.value = this.#stop.signal.aborted ? "stopped" : "failed";
      this.problem.value = this.#stop.signal.aborted ? "" : sentence(error);
    }
    removeEventListener("beforeunload", warn);
    this.ended();
  }

  forget() {
    this.stop();
    jobs.value = new Map([...jobs.value].filter(([, job]) => job !== this));
  }

  /** Whether there is more to do; when the server has enough for now, a little later. @param {AbortSignal} signal */
  async #stepped(signal) {
    try {
      const more = await this.step(signal);
      [this.state.value, this.problem.value] = ["running", ""];
      return more;
    } catch (error) {
      if (!(error instanceof Refused && error.passing && error.retryAfterS > 0)) throw error;
      [this.state.value, this.problem.value] = ["waiting", sentence(error)];
      await pause(error.retryAfterS * 1000, signal);
      return true;
    }
  }

  /** One step; whether there are more. @param {AbortSignal} signal @returns {Promise<boolean>} */
  step(signal) {
    return Promise.reject(signal.reason);
  }

  ended() {}
}

/** Passages into the archive. One that is there already stays as it is, so a step may be done twice. */
export class Import extends Job {
  created = signal(0);
  /** Passages that the server does not take, and why. @type {Signal<string[]>} */
  refused = signal([]);

  /** @param {string} agent @param {ArchivalMemoryImport[]} items @param {() => void} onEnded */
  constructor(agent, items, onEnded) {
    super(agent, items.length);
    this.items = items.map((item, at) => ({ item, at: at + 1 }));
    this.onEnded = onEnded;
  }

  /** @override @param {AbortSignal} signal */
  async step(signal) {
    const batch = this.#batch();
    if (!batch.length) return false;
    try {
      /** @type {ImportedBatch} */
      const { items } = await json(`${archivePath(this.agent)}:batch`, { method: "POST", body: { items: batch.map(({ item }) => item) }, signal });
      this.items = this.items.slice(batch.length);
      this.created.value += items.filter(({ created }) => created).length;
      this.done.value += batch.length;
    } catch (error) {
      if (!this.#leftOut(batch, error)) throw error;
    }
    return true;
  }

  /** @override */
  ended() {
    tell({ kind: "changed", prefixes: [archivePath(this.agent)] });
    this.onEnded();
  }

  #batch() {
    let characters = 0;
    const end = this.items.slice(0, MOST_ITEMS).findIndex(({ item }) => (characters += item.content.length) > MOST_CHARACTERS);
    return this.items.slice(0, end < 0 ? MOST_ITEMS : Math.max(1, end));
  }

  /** Go on without what is not taken; false when it is not about single passages. @param {{ item: ArchivalMemoryImport, at: number }[]} batch @param {unknown} error */
  #leftOut(batch, error) {
    if (!(error instanceof Refused)) return false;
    const reasons = new Map(error.errors.filter(({ loc }) => loc[1] === "items").map(({ loc, msg }) => [Number(loc[2]), `${loc.at(-1)}: ${msg}`]));
    const bad = batch.filter((_, place) => reasons.has(place));
    this.refused.value = [...this.refused.value, ...bad.map((one) => `Passage ${one.at}: ${reasons.get(batch.indexOf(one))}`)];
    this.items = this.items.filter((one) => !bad.includes(one));
    this.done.value += bad.length;
    return bad.length > 0;
  }
}

/** The whole archive as a file that can be imported again. */
export class Export extends Job {
  #cursor = "";
  /** @type {ArchivalMemoryImport[]} */
  #items = [];

  /** @param {string} agent @param {string} fileName */
  constructor(agent, fileName) {
    super(agent, null);
    this.fileName = fileName;
  }

  /** @override @param {AbortSignal} signal */
  async step(signal) {
    const query = new URLSearchParams({ limit: String(AT_ONCE), ...(this.#cursor ? { cursor: this.#cursor } : {}) });
    /** @type {PageFoundMemory} */
    const { items, next_cursor: next } = await json(`${archivePath(this.agent)}?${query}`, { signal });
    this.#items.push(...items.map(({ content, author, created_at, conversation_id, sequence, tags }) => (
      { content, author, created_at, conversation_id, sequence, tags })));
    this.#cursor = next ?? "";
    this.done.value = this.#items.length;
    if (next) return true;
    this.#save();
    return false;
  }

  #save() {
    const file = new Blob([JSON.stringify({ items: this.#items }, null, 1)], { type: "application/json" });
    const anchor = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: this.fileName });
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 60000);
  }
}

/** @param {Event} event */
const warn = (event) => event.preventDefault();

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}
