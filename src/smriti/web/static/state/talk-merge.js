// What the server has stored, brought together with what the page shows already.
import { brokenOff, isPending, row, shown, withError } from "./talk-rows.js";

/** @import { MessageView, TurnSummary } from "../types.d.ts" */
/** @import { Row } from "./talk-rows.js" */
/**
 * @typedef {object} Stored
 * @property {MessageView[]} messages oldest first, also what a retry or an edit has left
 * @property {boolean} isWhole nothing is older
 * @property {Map<string, TurnSummary>} turns
 * @property {(turnId: string) => boolean} isHeard whether it is being told: what of it is missing here comes, once
 * @property {(turnId: string) => string} questionOf the text of a question that waits: only who asked knows it
 */

/** @param {TurnSummary} turn */
export const isOpen = (turn) => turn.status === "queued" || turn.status === "running";

/** The newest messages in the place of what was shown of them. @param {Row[]} rows @param {Stored} stored @returns {Row[]} */
export function merged(rows, stored) {
  const found = fresh(rows, stored);
  const begins = stored.messages[0]?.created_at ?? "";
  const older = rows.filter((one) => !found.includes(one) && !stored.isWhole && one.at < begins && !isPending(one));
  const pending = rows.filter((one) => !found.includes(one) && isPending(one) && isStill(one, stored));
  return inOrder([...older, ...found, ...pending], stored);
}

/** Older messages before what is shown. @param {Row[]} rows @param {Stored} stored @returns {Row[]} */
export function prepended(rows, stored) {
  const found = fresh(rows, stored);
  const rest = rows.filter((one) => !found.includes(one));
  const left = trailing(stored.messages);
  if (rest[0] && left.length) rest[0].earlier.value = [...left, ...rest[0].earlier.peek()];
  return [...found, ...rest];
}

/** @param {Row[]} rows @param {Stored} stored @returns {Row[]} */
function fresh(rows, stored) {
  /** @type {Row[]} */
  const found = [];
  /** @type {MessageView[]} */
  let left = [];
  for (const message of stored.messages) {
    if (!message.active) left.push(message);
    else if (message.role !== "system") {
      found.push(one(rows, message, stored, left));
      left = [];
    }
  }
  return found.flatMap((each) => [each, ...unanswered(each, found, rows, stored)]);
}

/** @param {Row[]} rows @param {MessageView} message @param {Stored} stored @param {MessageView[]} left */
function one(rows, message, stored, left) {
  const known = rows.find((each) => isOf(each, message));
  const each = isTold(message, stored) && known ? identified(known, message) : shown(message, known);
  if (left.length > each.earlier.peek().length) each.earlier.value = left; // a page may begin in the middle of it
  if (message.status === "failed") withError(each, stored.turns.get(each.turnId)?.error || "The answer broke off.");
  return each;
}

/** Whether its turn goes on: then the stream knows better than the store. @param {MessageView} message @param {Stored} stored */
function isTold({ role, turn_id }, { turns, isHeard }) {
  const turn = turns.get(turn_id ?? "");
  return role === "assistant" && turn !== undefined && (isOpen(turn) || isHeard(turn.turn_id));
}

/** @param {Row} known @param {MessageView} message */
function identified(known, message) {
  known.id = message.message_id;
  return known;
}

/** @param {Row} each @param {MessageView} message */
function isOf(each, message) {
  if (each.id) return each.id === message.message_id;
  return each.turnId !== "" && each.turnId === message.turn_id && each.role === message.role;
}

/** The end of a turn that left no answer. @param {Row} question @param {Row[]} found @param {Row[]} rows @param {Stored} stored */
function unanswered(question, found, rows, { turns, isHeard }) {
  if (question.role !== "user") return [];
  const turn = [...turns.values()].findLast(({ question_id }) => question_id === question.id);
  if (!turn || isOpen(turn) || turn.status === "complete" || isHeard(turn.turn_id) || found.some(isAnswerOf(turn.turn_id))) return [];
  return [brokenOff(turn, rows.find(isAnswerOf(turn.turn_id)))];
}

/** @param {string} turnId @returns {(each: Row) => boolean} */
export const isAnswerOf = (turnId) => (each) => each.role === "assistant" && each.turnId === turnId;

/** Whether what is pending here is pending there, too. @param {Row} each @param {Stored} stored */
function isStill(each, { turns, isHeard }) {
  const turn = turns.get(each.turnId);
  return !turn || isOpen(turn) || isHeard(each.turnId);
}

/** Rows for the answers that are being given, and for the questions that wait. @param {Row[]} rows @param {Stored} stored */
function inOrder(rows, { turns, questionOf }) {
  for (const turn of turns.values()) {
    if (!isOpen(turn) || rows.some(isAnswerOf(turn.turn_id))) continue;
    const [turnId, at] = [turn.turn_id, turn.started_at];
    const asked = rows.findIndex((each) => each.role === "user" && (each.id === turn.question_id || each.turnId === turnId));
    const answer = row({ role: "assistant", turnId, at, status: turn.status === "queued" ? "queued" : "running" });
    if (asked >= 0) rows.splice(asked + 1, 0, answer);
    else rows.push(row({ role: "user", turnId, at, status: "queued", text: questionOf(turnId) }), answer);
  }
  return rows;
}

/** @param {MessageView[]} messages */
function trailing(messages) {
  const last = messages.findLastIndex(({ active }) => active);
  return messages.slice(last + 1);
}
