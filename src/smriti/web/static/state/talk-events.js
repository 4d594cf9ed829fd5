// What a turn tells, piece by piece, in the row of its answer.
import { signal } from "../vendor/preact.js";
import { called, said } from "./talk-rows.js";

/** @import { StreamEvent } from "../stream.js" */
/** @import { ApprovalPiece, DeviceLine, Growing, Piece, Row, Settled, ToolPiece } from "./talk-rows.js" */

/** @type {Set<Growing>} */
const grown = new Set();

/** Whoever shows a text learns once a frame that there is more of it. @param {Growing} text */
function grow(text) {
  if (!grown.size) requestAnimationFrame(show);
  grown.add(text);
}

function show() {
  const texts = [...grown];
  grown.clear();
  for (const text of texts) text.version.value += 1;
}

/** Tells events to a row. */
export class Answer {
  /** @param {Row} row */
  constructor(row) {
    this.row = row;
  }

  /** @type {Record<string, (event: StreamEvent) => void>} */
  #heard = {
    AGENT_RESPONSE_TO_USER: ({ content }) => this.#say("text", content),
    AGENT_THOUGHTS: ({ content }) => this.#say("reasoning", content),
    TOOL_CALL_START: (event) => this.#add(called({ id: event.tool_call_id, name: event.tool_name, args: event.tool_args })),
    TOOL_CALL_RESULT: (event) => this.#end(event),
    DEVICE_EVENT: (event) => this.#device(event),
    APPROVAL_REQUIRED: (event) => this.#add(approval(event)),
    TURN_RESUMED: () => this.#clear(),
    SNAPSHOT: ({ content }) => {
      this.#clear();
      this.#say("text", content);
    },
    STREAM_COMPLETE: (event) => this.#over(event.finish_reason === "cancelled" ? "cancelled" : "complete", event),
    ERROR: (event) => {
      this.#add({ kind: "error", text: event.content });
      this.#over("failed", event);
    },
  };

  /** @param {StreamEvent} event */
  take(event) {
    this.#heard[event.event_type]?.(event);
  }

  /** @returns {ApprovalPiece | undefined} a command that waits for a word */
  get asks() {
    return this.#pieces.findLast((piece) => piece.kind === "approval" && !piece.settled.peek());
  }

  get #pieces() {
    return /** @type {any[]} */ (this.row.pieces.peek());
  }

  /** @param {"text" | "reasoning"} kind @param {string} content */
  #say(kind, content) {
    this.row.status.value = "running";
    const last = this.#pieces.at(-1);
    if (last?.kind !== kind) return this.#add(said(content, kind, false));
    last.text.text += content;
    grow(last.text);
  }

  /** @param {Piece} piece */
  #add(piece) {
    this.row.status.value = "running";
    this.#settle();
    this.row.pieces.value = [...this.#pieces, piece];
  }

  /** The text so far is whole. */
  #settle() {
    const last = this.#pieces.at(-1);
    if (last?.text?.done) last.text.done.value = true;
  }

  /** @param {StreamEvent} event */
  #end({ tool_call_id, content, success, ms = null }) {
    this.#decided("over");
    /** @type {ToolPiece | undefined} */
    const tool = this.#pieces.findLast((piece) => piece.kind === "tool" && piece.id === tool_call_id);
    if (!tool) return;
    [tool.result.value, tool.success.value, tool.ms.value] = [content, success, ms];
  }

  /** @param {StreamEvent} event */
  #device(event) {
    this.#decided("over");
    /** @type {ToolPiece | undefined} */
    const tool = this.#pieces.findLast((piece) => piece.kind === "tool" && piece.result.peek() === null);
    if (!tool) return;
    if (event.device_event !== "TOOL_CALL_RESULT") tool.told.value = [...tool.told.peek(), line(event)];
    else finish(tool.told.peek(), event);
  }

  /** @param {Settled} how */
  #decided(how) {
    const asked = this.asks;
    if (asked) asked.settled.value = how;
  }

  #clear() {
    this.row.pieces.value = [];
  }

  /** @param {"complete" | "cancelled" | "failed"} status @param {StreamEvent} event */
  #over(status, { message_id }) {
    this.#settle();
    this.#decided("over");
    this.row.id ||= message_id ?? "";
    this.row.status.value = status;
  }
}

/** @param {StreamEvent} event @returns {ApprovalPiece} */
function approval(event) {
  return {
    kind: "approval",
    id: event.approval_id,
    turnId: event.turn_id,
    client: event.client_id,
    name: event.tool_name,
    args: event.tool_args ?? {},
    text: event.content,
    settled: signal(/** @type {Settled} */ ("")),
  };
}

/** @param {StreamEvent} event @returns {DeviceLine} a command that begins, or a word of the machine */
function line(event) {
  const isCall = event.device_event === "TOOL_CALL_START";
  return {
    id: event.tool_call_id ?? "",
    client: event.client_id,
    name: isCall ? event.tool_name : event.content,
    result: signal(/** @type {string | null} */ (isCall ? null : "")),
    success: signal(/** @type {boolean | null} */ (null)),
  };
}

/** @param {DeviceLine[]} lines @param {StreamEvent} event */
function finish(lines, event) {
  const found = lines.findLast((each) => each.result.peek() === null && (each.id === event.tool_call_id || each.name === event.tool_name));
  if (found) [found.result.value, found.success.value] = [event.content, event.success];
}
