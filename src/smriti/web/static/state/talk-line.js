// The turns of a conversation that are heard, one after the other. They belong to the server:
// leaving one, or losing the connection, does not stop it.
import { ask, follow } from "../stream.js";
import { Answer } from "./talk-events.js";

/** @import { Connection, StreamEvent } from "../stream.js" */
/** @import { Row } from "./talk-rows.js" */
/** @typedef {AsyncGenerator<StreamEvent | Connection, void>} Events */

/** One question and its answer, as far as it is heard. */
export class Heard {
  turnId = "";
  seq = 0;
  isOver = false;
  #cut = new AbortController();
  #accepted = withResolvers();

  /** @param {Row} question @param {Row} answer */
  constructor(question, answer) {
    this.question = question;
    this.row = answer;
    this.answer = new Answer(answer);
    this.turnId = answer.turnId;
    if (this.turnId) this.accept();
    this.accepted.catch(() => {}); // who asked hears of it
  }

  /** Done once the question is stored; fails with the reason why it is not. */
  get accepted() {
    return this.#accepted.promise;
  }

  get isAccepted() {
    return this.#accepted.isDone;
  }

  accept() {
    this.#accepted.resolve();
  }

  /** @param {unknown} error */
  refuse(error) {
    this.#accepted.reject(error);
  }

  /** Do not read on. A question that is not known to be stored is not let go. */
  leave() {
    if (!this.isAccepted) return;
    this.#cut.abort();
    this.#cut = new AbortController();
  }

  /** @param {string} path of the conversation @returns {Events} */
  rest(path) {
    return follow(`${path}/turns/${this.turnId}/events`, { after: this.seq, signal: this.#cut.signal });
  }

  /** @param {{ path: string, body?: unknown, key: string, conversation: string }} question @returns {Events} */
  asked({ conversation, ...question }) {
    return ask({ ...question, events: (turn) => `${conversation}/turns/${turn}/events` }, this.#cut.signal);
  }

  /** @param {StreamEvent} event */
  take(event) {
    this.seq = event.seq;
    this.turnId = event.turn_id;
    this.row.turnId = event.turn_id;
    this.question.turnId ||= event.turn_id;
    if (event.event_type === "MESSAGE_SAVED") this.#saved(event.message_id);
    this.answer.take(event);
    this.isOver = event.event_type === "STREAM_COMPLETE" || event.event_type === "ERROR";
  }

  /** @param {string} messageId */
  #saved(messageId) {
    this.question.id = messageId;
    this.question.status.value = "complete";
    if (this.row.status.peek() === "queued") this.row.status.value = "running";
    this.accept();
  }
}

function withResolvers() {
  const made = {
    isDone: false,
    /** @type {() => void} */
    resolve: () => {},
    /** @type {(error: unknown) => void} */
    reject: () => {},
    promise: Promise.resolve(),
  };
  made.promise = new Promise((resolve, reject) => {
    made.resolve = () => {
      made.isDone = true;
      resolve();
    };
    made.reject = reject;
  });
  return made;
}
