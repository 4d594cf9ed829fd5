// A conversation as the page shows it: what was said, and the turns that are answered in it.
import { newKey, request } from "../api.js";
import { batch, computed, signal } from "../vendor/preact.js";
import { keepDraft } from "./drafts.js";
import { changed, resource } from "./store.js";
import { Ear } from "./talk-ear.js";
import { History, PAGE } from "./talk-history.js";
import { Heard } from "./talk-line.js";
import { isAnswerOf, isOpen, merged, prepended } from "./talk-merge.js";
import { asking, row } from "./talk-rows.js";
import { named, watched } from "./talk-watch.js";
import { tell } from "./tabs.js";

/** @import { ReadonlySignal, Signal } from "../vendor/preact.js" */
/** @import { AttachmentUpload, Conversation } from "../types.d.ts" */
/** @import { StreamEvent } from "../stream.js" */
/** @import { Resource } from "./store.js" */
/** @import { Found } from "./talk-history.js" */
/** @import { ApprovalPiece, Row } from "./talk-rows.js" */
const MOST = 20;
const AFTER_A_TURN = 8;

/** One conversation, shared by whoever shows something of it. */
export class Talk {
  /** @type {Signal<Row[]>} */
  rows = signal([]);
  /** Why it cannot be shown. @type {Signal<unknown>} */
  problem = signal(undefined);
  isLoaded = signal(false);
  #watchers = 0;
  #news = AFTER_A_TURN; // how many messages a turn changes at most
  /** @type {() => void} */
  #unwatch = () => {};

  /** @param {string} conversation its id */
  constructor(conversation) {
    this.conversation = conversation;
    this.path = `/conversations/${encodeURIComponent(conversation)}`;
    /** @type {Resource<Conversation>} */
    this.about = resource(this.path);
    /** The agent's id, "" until it is known. @type {ReadonlySignal<string>} */
    this.agent = computed(() => this.about.data.value?.agent_id ?? "");
    this.ear = new Ear(this.path, (heard) => this.#over(heard));
    this.history = new History(this.path, (turnId) => this.ear.tells(turnId));
    this.phase = this.ear.phase;
    this.notice = this.ear.notice;
    this.turn = this.ear.turn;
    this.isBusy = computed(() => this.phase.value !== "idle");
  }

  /** Keep it as it is on the server, until the result is called. */
  watch() {
    this.#watchers += 1;
    if (this.#watchers === 1) {
      this.ear.open();
      this.sync();
      this.#unwatch = watched(this);
    }
    return () => this.close();
  }

  /** One looks less; what is answered goes on without us. */
  close() {
    if (--this.#watchers > 0) return;
    this.#unwatch();
    this.ear.close();
  }

  /** Hear every event of the stream. @param {(event: StreamEvent) => void} listener */
  onEvent(listener) {
    return this.ear.tell(listener);
  }

  /** What is stored now, everything that was asked and heard included. @param {number} [limit] @returns {Promise<void>} */
  async sync(limit = PAGE) {
    const { asked } = this.ear;
    await asked;
    const { ended } = this.ear;
    try {
      const found = await this.history.newest(limit);
      if (asked !== this.ear.asked || ended !== this.ear.ended) return this.sync(limit);
      batch(() => this.#show(found));
      this.problem.value = undefined;
    } catch (error) {
      this.problem.value = error;
    }
  }

  /** A page of older messages; whether there are more. */
  async older() {
    if (!this.history.cursor) return false;
    const found = await this.history.older();
    this.rows.value = prepended(this.rows.peek(), this.history.stored(found));
    return this.history.cursor !== null;
  }

  /** Say something; it is answered after what is being answered. @param {string} text @param {AttachmentUpload[]} [files] */
  async send(text, files = []) {
    const agent = this.agent.peek() || (await this.about.load()).agent_id;
    const path = `/agents/${encodeURIComponent(agent)}/${encodeURIComponent(this.conversation)}/send-message`;
    await this.#ask(asking(text, files), { path, body: { content: text, attachments: files } }, this.rows.peek());
  }

  /** Have a question answered again, or the question of an answer. @param {string} messageId */
  async retry(messageId) {
    const at = this.rows.peek().findIndex(({ id }) => id === messageId);
    const asked = this.rows.peek().findLastIndex(({ role }, index) => role === "user" && index <= at);
    const question = this.rows.peek()[asked];
    if (!question) return;
    this.#news = PAGE;
    await this.#ask(question, { path: `${this.path}/messages/${question.id}/retry` }, this.rows.peek().slice(0, asked));
  }

  /** Ask something else in the place of a question. @param {string} messageId @param {string} text @param {AttachmentUpload[]} [files] */
  async edit(messageId, text, files = []) {
    const at = this.rows.peek().findIndex(({ id }) => id === messageId);
    this.#news = PAGE;
    const call = { path: `${this.path}/messages/${messageId}/edit`, body: { content: text, attachments: files } };
    await this.#ask(asking(text, files), call, this.rows.peek().slice(0, at));
  }

  /** Stop a turn, else the one that is answered; what was said is kept. */
  async stop(turnId = this.turn.peek()?.turn_id) {
    if (turnId) await request(`${this.path}/turns/${turnId}/cancel`, { method: "POST" });
    if (turnId !== this.turn.peek()?.turn_id) await this.sync();
  }

  /** Let a command run, or not. @param {ApprovalPiece} asked @param {boolean} approve @param {string} [note] told to the model */
  async approve(asked, approve, note = "") {
    const body = { approval_id: asked.id, approve, ...(note ? { note } : {}) };
    await request(`${this.path}/turns/${asked.turnId}/approvals`, { method: "POST", body });
    asked.settled.value = approve ? "approved" : "denied";
  }

  /** @param {Row} question @param {{ path: string, body?: unknown }} call @param {Row[]} before */
  async #ask(question, call, before) {
    const answer = row({ role: "assistant", status: this.ear.isFree ? "running" : "queued" });
    const heard = new Heard(question, answer);
    this.rows.value = [...before, question, answer];
    try {
      await this.ear.ask(heard, { ...call, key: newKey(), conversation: this.path });
    } catch (error) {
      this.rows.value = this.rows.peek().filter((one) => one !== question && one !== answer);
      if (this.#watchers) this.sync();
      throw error;
    }
    const text = /** @type {any} */ (call.body)?.content ?? "";
    if (question.status.peek() === "queued") keepDraft(`waiting:${heard.turnId}`, text);
    tell({ kind: "asked", conversation: this.conversation, turn: heard.turnId, text });
  }

  /** @param {Found} found */
  #show(found) {
    const before = this.rows.peek();
    const after = merged(before, this.history.stored(found));
    const isNew = this.history.cursor === undefined || !before.some((one) => after.includes(one));
    if (isNew) this.history.cursor = found.cursor;
    this.rows.value = after;
    this.isLoaded.value = true;
    for (const turn of this.history.turns.peek().values()) {
      if (isOpen(turn) && !this.ear.hears(turn.turn_id)) this.#join(turn.turn_id, turn.question_id);
    }
  }

  /** @param {string} turnId @param {string} questionId */
  #join(turnId, questionId) {
    const rows = this.rows.peek();
    const answer = rows.find(isAnswerOf(turnId));
    const question = rows.find((one) => one.role === "user" && (one.turnId === turnId || one.id === questionId));
    if (!answer || !question) return;
    answer.pieces.value = []; // it is told from its beginning
    this.ear.join(new Heard(question, answer));
  }

  /** @param {Heard} heard */
  async #over({ turnId }) {
    keepDraft(`waiting:${turnId}`, "");
    if (!this.#watchers) return;
    const news = this.#news;
    this.#news = AFTER_A_TURN;
    await this.sync(news);
    changed("/conversations/", "/usage");
    await named(this);
  }
}

/** @type {Map<string, Talk>} */
const kept = new Map();

/** The talk of a conversation, the same for all. @param {string} conversation */
export function openTalk(conversation) {
  const talk = kept.get(conversation) ?? new Talk(conversation);
  kept.delete(conversation);
  kept.set(conversation, talk);
  for (const [id, old] of kept) {
    if (kept.size > MOST && old.phase.peek() === "idle" && old !== talk) kept.delete(id);
  }
  return talk;
}
