// The stored messages of a conversation and the turns that made them, page by page.
import { json } from "../api.js";
import { signal } from "../vendor/preact.js";
import { draftOf } from "./drafts.js";
import { isOpen } from "./talk-merge.js";

/** @import { Signal } from "../vendor/preact.js" */
/** @import { MessageView, MessagePage, PageTurnSummary, TurnSummary } from "../types.d.ts" */
/** @typedef {{ messages: MessageView[], cursor: string | null }} Found messages oldest first */

export const PAGE = 30;

export class History {
  /** By id, oldest first. @type {Signal<Map<string, TurnSummary>>} */
  turns = signal(new Map());
  /** Of the page before the oldest that is shown; undefined before the first one. @type {string | null | undefined} */
  cursor = undefined;
  /** @type {string | null} */
  #turnsCursor = null;
  /** Questions that wait, by their turns: only who asked knows them. @type {Map<string, string>} */
  waiting = new Map();
  #path;
  #isHeard;

  /** @param {string} path of the conversation @param {(turnId: string) => boolean} isHeard whether a turn is being told */
  constructor(path, isHeard) {
    this.#path = path;
    this.#isHeard = isHeard;
  }

  /** The newest messages with their turns, of one moment. @param {number} limit @returns {Promise<Found>} */
  async newest(limit) {
    const found = await this.#both(limit);
    const seemsOpen = found.messages.some(({ status }) => status === "running");
    const isOver = ![...this.turns.peek().values()].some(isOpen);
    return seemsOpen && isOver ? this.#both(limit) : found; // it ended between the two answers
  }

  /** The page before. @returns {Promise<Found>} */
  async older() {
    const found = await this.#messages(PAGE, this.cursor ?? null);
    const oldest = found.messages[0]?.created_at ?? "";
    while (this.#turnsCursor && (this.turns.peek().values().next().value?.started_at ?? "") > oldest) {
      await this.#moreTurns(PAGE, this.#turnsCursor);
    }
    this.cursor = found.cursor;
    return found;
  }

  /** What `merged` and `prepended` take. @param {Found} found */
  stored({ messages, cursor }) {
    const questionOf = (/** @type {string} */ turn) => this.waiting.get(turn) ?? draftOf(`waiting:${turn}`);
    return { messages, isWhole: cursor === null, turns: this.turns.peek(), questionOf, isHeard: this.#isHeard };
  }

  /** Whether something was asked that the page does not know of. @returns {Promise<boolean>} */
  async hasNews() {
    /** @type {PageTurnSummary} */
    const { items } = await json(`${this.#path}/turns?limit=1`);
    return items.some((turn) => isOpen(turn) || !this.turns.peek().has(turn.turn_id));
  }

  /** @param {number} limit @returns {Promise<Found>} */
  async #both(limit) {
    const [found] = await Promise.all([this.#messages(limit, null), this.#moreTurns(limit, null)]);
    return found;
  }

  /** @param {number} limit @param {string | null} cursor @returns {Promise<Found>} */
  async #messages(limit, cursor) {
    /** @type {MessagePage} */
    const page = await json(`${this.#path}/messages?inactive=true&${query(limit, cursor)}`);
    return { messages: page.items.reverse(), cursor: page.next_cursor };
  }

  /** @param {number} limit @param {string | null} cursor */
  async #moreTurns(limit, cursor) {
    /** @type {PageTurnSummary} */
    const page = await json(`${this.#path}/turns?${query(limit, cursor)}`);
    const isFirst = !this.turns.peek().size;
    const all = new Map([...this.turns.peek(), ...page.items.map((turn) => /** @type {const} */ ([turn.turn_id, turn]))]);
    const sorted = [...all].sort(([, one], [, other]) => (one.started_at < other.started_at ? -1 : 1));
    this.turns.value = new Map(sorted);
    if (isFirst || cursor) this.#turnsCursor = page.next_cursor;
  }
}

/** @param {number} limit @param {string | null} cursor */
const query = (limit, cursor) => new URLSearchParams({ limit: String(limit), ...(cursor ? { cursor } : {}) });
