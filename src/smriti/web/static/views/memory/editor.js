// A block while somebody edits it: saved by itself, and merged with what others write meanwhile.
import { json, Refused, sentence } from "../../api.js";
import { tell } from "../../state/tabs.js";
import { batch, signal } from "../../vendor/preact.js";
import { merged, paired } from "./merge.js";
import { clean, rowOf } from "./rows.js";

/** @import { Signal } from "../../vendor/preact.js" */
/** @import { Resource } from "../../state/store.js" */
/** @import { BlockContentView } from "../../types.d.ts" */
/** @import { Piece } from "./merge.js" */
/** @import { Row } from "./rows.js" */
/**
 * @typedef {"idle" | "unsaved" | "saving" | "saved"} Status
 * @typedef {{ pieces: Piece[], theirs: BlockContentView }} Conflict
 */

const PAUSE_MS = 600;

export class Editor {
  /** @type {Signal<Row[]>} */
  rows = signal([]);
  /** @type {Signal<Status>} */
  status = signal("idle");
  /** Why it is not saved. @type {Signal<string>} */
  problem = signal("");
  /** Whose lines were taken in beside one's own. @type {Signal<string>} */
  joined = signal("");
  /** @type {Signal<Conflict | null>} */
  conflict = signal(null);
  /** Where the caret shall go. @type {Signal<{ id: number, at: number } | null>} */
  caret = signal(null);
  /** @type {Promise<void> | null} */
  #work = null;
  #timer = 0;

  /** @param {string} path of the block @param {BlockContentView} content @param {Resource<BlockContentView>} kept what the page knows of it */
  constructor(path, content, kept) {
    this.path = path;
    this.base = content;
    this.kept = kept;
    this.settled = JSON.stringify(content.lines);
    this.rows.value = content.lines.map(rowOf);
  }

  /** What would be saved: empty lines are none. */
  get lines() {
    return this.rows.value.map(({ text }) => clean(text)).filter(Boolean);
  }

  get isDirty() {
    return JSON.stringify(this.lines) !== this.settled;
  }

  /** Hear what the server holds now. @param {BlockContentView} content */
  take(content) {
    if (content.version <= this.base.version || this.#work || this.conflict.peek()) return;
    if (this.isDirty) this.#join(content);
    else this.#adopt(content, content.lines);
    if (this.isDirty) this.#later();
  }

  /** @param {number} id @param {string} text */
  input(id, text) {
    this.rows.value = this.rows.value.map((row) => (row.id === id ? { id, text } : row));
    this.#later();
  }

  /** Put lines after a row, or at the end; the caret goes to the last. @param {number | null} id @param {string[]} texts @param {number} [at] */
  insert(id, texts, at = 0) {
    const rows = texts.map(rowOf);
    const place = id === null ? this.rows.value.length : this.#place(id) + 1;
    this.rows.value = this.rows.value.toSpliced(place, 0, ...rows);
    this.caret.value = { id: rows.at(-1)?.id ?? 0, at };
    this.#later();
  }

  /** @param {number} id @param {{ moves?: boolean }} [options] `moves`: the caret goes to the line before */
  remove(id, { moves = true } = {}) {
    const place = this.#place(id);
    const near = this.rows.value[place - 1] ?? this.rows.value[place + 1];
    this.rows.value = this.rows.value.filter((row) => row.id !== id);
    if (near && moves) this.caret.value = { id: near.id, at: near.text.length };
    this.#later();
  }

  /** @param {number} id @param {number} by @param {number} at where the caret was */
  move(id, by, at) {
    const place = this.#place(id);
    const row = this.rows.value[place];
    if (!row || !this.rows.value[place + by]) return;
    this.rows.value = this.rows.value.toSpliced(place, 1).toSpliced(place + by, 0, row);
    this.caret.value = { id, at };
    this.#later();
  }

  /** Go to the line above or below. @param {number} id @param {number} by */
  step(id, by) {
    const row = this.rows.value[this.#place(id) + by];
    if (row) this.caret.value = { id: row.id, at: by < 0 ? row.text.length : 0 };
  }

  /** Save now what is not saved. @returns {Promise<void>} */
  flush() {
    clearTimeout(this.#timer);
    this.#work ??= this.#save().finally(() => {
      this.#work = null;
      this.take(this.kept.data.peek() ?? this.base);
    });
    return this.#work;
  }

  /** One line for each clash, or several, or none. @param {string[][]} chosen */
  settle(chosen) {
    const conflict = this.conflict.value;
    if (!conflict) return;
    let next = 0;
    const lines = conflict.pieces.flatMap((piece) => (typeof piece === "string" ? [piece] : chosen[next++] ?? []));
    this.conflict.value = null;
    this.#adopt(conflict.theirs, lines);
    this.flush();
  }

  async #save() {
    while (this.isDirty && !this.conflict.peek()) {
      const lines = this.lines;
      this.status.value = "saving";
      try {
        this.#saved(lines, await json(`${this.path}/content`, { method: "PUT", body: { lines, version: this.base.version } }));
      } catch (error) {
        if (!(await this.#moved(error))) return this.#failed(error);
      }
    }
    if (this.status.value !== "idle") this.status.value = this.conflict.value ? "unsaved" : "saved";
  }

  /** Whether somebody else was first; then what they wrote is taken in. @param {unknown} error */
  async #moved(error) {
    if (!(error instanceof Refused) || error.slug !== "memory-block-changed") return false;
    try {
      this.#join(await json(`${this.path}/content`));
      return true;
    } catch {
      return false;
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    this.status.value = "unsaved";
    this.problem.value = sentence(error);
  }

  /** @param {string[]} sent @param {BlockContentView} answer */
  #saved(sent, answer) {
    this.base = answer;
    this.settled = JSON.stringify(sent);
    this.problem.value = "";
    if (answer.version > (this.kept.data.peek()?.version ?? 0)) this.kept.set(answer);
    tell({ kind: "changed", prefixes: [`${this.path}/`] });
  }

  /** @param {BlockContentView} theirs */
  #join(theirs) {
    const pieces = merged(this.base.lines, this.lines, theirs.lines);
    if (pieces.every((piece) => typeof piece === "string")) {
      this.#adopt(theirs, pieces);
      this.joined.value = theirs.updated_by ?? "";
    } else this.conflict.value = { pieces, theirs };
  }

  /** Show these lines, based on what the server holds; rows stay where the caret may be. @param {BlockContentView} content @param {string[]} lines */
  #adopt(content, lines) {
    this.base = content;
    this.settled = JSON.stringify(content.lines);
    batch(() => {
      this.problem.value = "";
      this.rows.value = paired(this.rows.value.map((row) => ({ row, text: clean(row.text) })), lines, ({ text }) => !text)
        .flatMap(({ row, line }) => {
          if (line === undefined) return row && !row.text ? [row.row] : [];
          if (!row) return [rowOf(line)];
          return [row.text === line ? row.row : { id: row.row.id, text: line }];
        });
    });
  }

  #later() {
    clearTimeout(this.#timer);
    if (this.conflict.peek()) return;
    this.joined.value = "";
    if (this.isDirty) this.status.value = "unsaved";
    this.#timer = window.setTimeout(() => this.flush(), PAUSE_MS);
  }

  /** @param {number} id */
  #place(id) {
    return this.rows.value.findIndex((row) => row.id === id);
  }
}
