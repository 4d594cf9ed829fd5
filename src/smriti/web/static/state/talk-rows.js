// What a conversation consists of on the page: rows, and the pieces of which an answer is made.
import { signal } from "../vendor/preact.js";

/** @import { Signal } from "../vendor/preact.js" */
/** @import { AttachmentInfo, AttachmentUpload, MessageView, Part, TurnSummary } from "../types.d.ts" */
/**
 * @typedef {{ text: string, version: Signal<number>, done: Signal<boolean> }} Growing `version` moves once a frame
 * @typedef {{ kind: "text" | "reasoning", text: Growing }} TextPiece
 * @typedef {{ id: string, client: string, name: string, result: Signal<string | null>, success: Signal<boolean | null> }} DeviceLine
 * @typedef {{ kind: "tool", id: string, name: string, args: Record<string, unknown>, result: Signal<string | null>,
 *   success: Signal<boolean | null>, ms: Signal<number | null>, told: Signal<DeviceLine[]> }} ToolPiece
 * @typedef {"" | "approved" | "denied" | "over"} Settled
 * @typedef {{ kind: "approval", id: string, turnId: string, client: string, name: string, args: Record<string, unknown>,
 *   text: string, settled: Signal<Settled> }} ApprovalPiece
 * @typedef {{ kind: "error", text: string }} ErrorPiece
 * @typedef {TextPiece | ToolPiece | ApprovalPiece | ErrorPiece} Piece
 * @typedef {"sending" | "queued" | "running" | "complete" | "failed" | "cancelled"} RowStatus
 * @typedef {object} Row
 * @property {string} key stays, whatever becomes of the row
 * @property {string} id of the message; "" until it is stored
 * @property {"user" | "assistant"} role
 * @property {string} at
 * @property {string} turnId
 * @property {Signal<RowStatus>} status
 * @property {AttachmentInfo[]} attachments
 * @property {Signal<Piece[]>} pieces
 * @property {Signal<MessageView[]>} earlier what stood in its place before a retry or an edit, oldest first
 */

let count = 0;

/** @param {Partial<Pick<Row, "id" | "at" | "turnId" | "attachments">> & { role: Row["role"], status?: RowStatus, text?: string }} of @returns {Row} */
export function row({ status = "complete", text = "", ...of }) {
  return {
    key: `row-${++count}`,
    id: "",
    at: new Date().toISOString(),
    turnId: "",
    attachments: [],
    status: signal(status),
    pieces: signal(text ? [said(text)] : []),
    earlier: signal(/** @type {MessageView[]} */ ([])),
    ...of,
  };
}

/** A question on its way. @param {string} text @param {AttachmentUpload[]} files */
export function asking(text, files) {
  const attachments = files.map(({ filename, size = 0 }) => ({ filename, size }));
  return row({ role: "user", status: "sending", text, attachments });
}

/** @param {string} text @param {"text" | "reasoning"} [kind] @returns {TextPiece} */
export function said(text, kind = "text", done = true) {
  return { kind, text: { text, version: signal(0), done: signal(done) } };
}

/** @param {{ id: string, name: string, args: Record<string, unknown> | null }} call @returns {ToolPiece} */
export function called({ id, name, args }) {
  return {
    kind: "tool",
    id,
    name,
    args: args ?? {},
    result: signal(/** @type {string | null} */ (null)),
    success: signal(/** @type {boolean | null} */ (null)),
    ms: signal(/** @type {number | null} */ (null)),
    told: signal(/** @type {DeviceLine[]} */ ([])),
  };
}

/** The text that a row says, without tools and thoughts. @param {Row} of */
export function textOf(of) {
  return of.pieces.peek().flatMap((piece) => (piece.kind === "text" ? [piece.text.text] : [])).join("\n\n");
}

/** @param {Row} of */
export const isPending = (of) => ["sending", "queued", "running"].includes(of.status.peek());

/** A row for a message, or the one that shows it, brought up to date. @param {MessageView} message @param {Row | undefined} known */
export function shown(message, known) {
  const role = message.role === "user" ? "user" : "assistant";
  const one = known ?? row({ role });
  one.id = message.message_id;
  one.at = message.created_at;
  one.turnId = message.turn_id ?? "";
  one.attachments = message.attachments;
  const pieces = piecesOf(message);
  if (isSame(one.pieces.peek(), pieces)) fill(one.pieces.peek(), pieces);
  else one.pieces.value = pieces;
  one.status.value = message.status;
  return one;
}

/** An answer that broke off before a word of it was stored. @param {TurnSummary} turn @param {Row | undefined} known */
export function brokenOff(turn, known) {
  const one = known ?? row({ role: "assistant", turnId: turn.turn_id, at: turn.started_at });
  one.status.value = turn.status === "cancelled" ? "cancelled" : "failed";
  return withError(one, turn.error);
}

/** @param {Row} of @param {string | null} error */
export function withError(of, error) {
  const pieces = of.pieces.peek();
  if (error && !pieces.some(({ kind }) => kind === "error")) of.pieces.value = [...pieces, { kind: "error", text: error }];
  return of;
}

/** @param {MessageView} message @returns {Piece[]} */
export function piecesOf(message) {
  /** @type {Map<string, ToolPiece>} */
  const calls = new Map();
  const pieces = message.parts.flatMap((part) => pieceOf(part, calls));
  return pieces.length || !message.content ? pieces : [said(message.content)];
}

/** @param {Part} part @param {Map<string, ToolPiece>} calls @returns {Piece[]} */
function pieceOf(part, calls) {
  switch (part.type) {
    case "text":
    case "reasoning":
      return part.text ? [said(part.text, part.type)] : [];
    case "tool_call": {
      const piece = called({ id: part.call_id, name: part.name, args: part.arguments });
      calls.set(part.call_id, piece);
      return [piece];
    }
    case "tool_result": {
      const piece = calls.get(part.call_id);
      if (piece) [piece.result.value, piece.success.value] = [part.text, part.success];
      return [];
    }
    default:
      return [];
  }
}

/** What is stored; the rest is known only to who was there. @param {Piece[]} pieces */
const stored = (pieces) => pieces.filter(({ kind }) => kind === "text" || kind === "reasoning" || kind === "tool");

/** @param {Piece[]} mine @param {Piece[]} theirs */
function isSame(mine, theirs) {
  const kept = stored(mine);
  return kept.length === theirs.length && kept.every((piece, index) => fingerprint(piece) === fingerprint(theirs[index]));
}

/** @param {Piece | undefined} piece */
function fingerprint(piece) {
  if (piece?.kind === "tool") return `tool ${piece.id}`;
  return piece && "text" in piece && typeof piece.text === "object" ? `${piece.kind} ${piece.text.text}` : "";
}

/** The stream cuts long results; the store has them whole. @param {Piece[]} mine @param {Piece[]} theirs */
function fill(mine, theirs) {
  for (const [index, piece] of stored(mine).entries()) {
    const whole = theirs[index];
    if (piece.kind !== "tool" || whole?.kind !== "tool") continue;
    piece.result.value = whole.result.peek();
    piece.success.value = whole.success.peek();
  }
}
