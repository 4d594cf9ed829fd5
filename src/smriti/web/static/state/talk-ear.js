// Hears the turns of a conversation, one after the other, and says how that goes.
import { sentence } from "../api.js";
import { signal } from "../vendor/preact.js";
import { allSaved } from "./saving.js";

/** @import { Signal } from "../vendor/preact.js" */
/** @import { StreamEvent } from "../stream.js" */
/** @import { Heard } from "./talk-line.js" */
/** @typedef {"idle" | "asking" | "answering" | "waiting" | "lost" | "offline"} Phase `waiting`: for an approval */
/** @typedef {{ path: string, body?: unknown, key: string, conversation: string }} Asked */

/** @type {Record<string, string>} */
const CUT = {
  lost: "The connection was lost. Trying again…",
  offline: "You are offline. The answer goes on without you.",
};

export class Ear {
  /** @type {Signal<Phase>} */
  phase = signal("idle");
  notice = signal("");
  /** The turn that is heard. @type {Signal<{ turn_id: string } | null>} */
  turn = signal(null);
  isOpen = false;
  /** @type {Set<(event: StreamEvent) => void>} */
  #listeners = new Set();
  /** @type {Heard[]} */
  #line = [];
  #isReading = false;
  /** @type {WeakMap<Heard, Asked>} what has not been asked yet */
  #questions = new WeakMap();
  /** Done when nothing is on its way to the server. @type {Promise<unknown>} */
  asked = Promise.resolve();
  /** How many turns were heard to their end. */
  ended = 0;
  #path;
  #onOver;

  /** @param {string} path of the conversation @param {(heard: Heard) => void} onOver */
  constructor(path, onOver) {
    this.#path = path;
    this.#onOver = onOver;
  }

  get isFree() {
    return this.#line.length === 0;
  }

  /** Whether somebody looks. */
  open() {
    this.isOpen = true;
    this.#read();
  }

  /** Nobody looks any more; what is not known to be stored is asked to its end. */
  close() {
    this.isOpen = false;
    for (const heard of this.#line) heard.leave();
  }

  /** Tell whoever wants to know every event. @param {(event: StreamEvent) => void} listener */
  tell(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hear a turn that is under way. @param {Heard} heard */
  join(heard) {
    this.#line.push(heard);
    this.#read();
  }

  /** @param {string} turnId */
  hears(turnId) {
    return this.#line.some((heard) => heard.turnId === turnId);
  }

  /** Whether this is the one that is being told. @param {string} turnId */
  tells(turnId) {
    return this.turn.peek()?.turn_id === turnId;
  }

  /** Ask, in order; done when the question is stored. @param {Heard} heard @param {Asked} question */
  async ask(heard, question) {
    const before = this.asked;
    this.asked = heard.accepted.catch(() => {});
    await Promise.all([before, allSaved()]);
    if (this.isFree) {
      this.#questions.set(heard, question);
      this.join(heard);
    } else this.#queue(heard, question).catch((error) => heard.refuse(error));
    await heard.accepted;
  }

  /** The server keeps it until the answers before are given; then it is heard. @param {Heard} heard @param {Asked} question */
  async #queue(heard, question) {
    for await (const event of heard.asked(question)) {
      if (!event.seq) continue;
      heard.take(event);
      break;
    }
    heard.question.status.value = "queued"; // from now on it can be taken back
    heard.accept();
    this.join(heard);
  }

  async #read() {
    if (this.#isReading) return;
    this.#isReading = true;
    for (let heard = this.#line[0]; heard && (this.isOpen || !heard.isAccepted); heard = this.#line[0]) {
      await this.#hear(heard).catch((error) => this.#failed(heard, error));
    }
    this.#isReading = false;
    if (this.isOpen && !this.#line.length) [this.phase.value, this.notice.value] = ["idle", ""];
  }

  /** @param {Heard} heard */
  async #hear(heard) {
    const question = this.#questions.get(heard);
    this.#questions.delete(heard);
    this.phase.value = heard.isAccepted ? "answering" : "asking";
    this.turn.value = heard.turnId ? { turn_id: heard.turnId } : null;
    for await (const event of question ? heard.asked(question) : heard.rest(this.#path)) {
      if (event.event_type === "CONNECTION") this.#connection(event.state, heard);
      else this.#take(heard, /** @type {StreamEvent} */ (event));
      if (!this.isOpen && heard.isAccepted) return;
    }
    this.#end(heard);
  }

  /** @param {Heard} heard @param {StreamEvent} event */
  #take(heard, event) {
    heard.take(event);
    if (this.turn.peek()?.turn_id !== heard.turnId) this.turn.value = { turn_id: heard.turnId };
    if (heard.isAccepted) this.phase.value = heard.answer.asks ? "waiting" : "answering";
    this.#say(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** @param {StreamEvent} event */
  #say({ event_type, content }) {
    if (event_type === "TURN_RESUMED") this.notice.value = "The server was restarted. The answer is told anew.";
    else if (event_type === "LIFECYCLE_NOTIFICATION") this.notice.value = content.endsWith("...") ? "" : content;
    else this.notice.value = "";
  }

  /** @param {"lost" | "offline" | "back"} state @param {Heard} heard */
  #connection(state, heard) {
    this.notice.value = CUT[state] ?? "";
    this.phase.value = state === "back" ? (heard.isAccepted ? "answering" : "asking") : state;
  }

  /** @param {Heard} heard */
  #end(heard) {
    this.#line = this.#line.filter((other) => other !== heard);
    this.turn.value = null;
    this.ended += 1;
    heard.accept();
    this.#onOver(heard);
  }

  /** @param {Heard} heard @param {unknown} error */
  #failed(heard, error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    this.#line = this.#line.filter((other) => other !== heard);
    this.turn.value = null;
    if (heard.isAccepted) {
      this.notice.value = sentence(error);
      this.#onOver(heard);
    } else heard.refuse(error);
  }
}
