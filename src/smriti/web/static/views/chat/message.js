// One message: a question in its bubble, or an answer with what the agent did for it.
import { Button } from "../../components/button.js";
import { Icon } from "../../icons.js";
import { textOf } from "../../state/talk-rows.js";
import { html, useEffect, useState } from "../../vendor/preact.js";
import { Lazy } from "../lazy.js";
import { Facts } from "./facts.js";
import { Text, Thought } from "./text.js";
import { Tool } from "./tool.js";

/** @import { Piece, Row } from "../../state/talk-rows.js" */
/** @import { Desk } from "./chat.js" */
/** @typedef {{ row: Row, desk: Desk }} Props */

const THINKS_MS = 400;
// What few messages have is not there before the first one has it.
const approval = () => import("./approval.js");
const earlier = () => import("./earlier.js");
const edit = () => import("./edit.js");
const files = () => import("./files.js");

/** @param {Props} props */
export function Message({ row, desk }) {
  const { id, role } = row;
  row.status.value; // with it comes the id
  return html`<article class=${`chat-message chat-${role}`} id=${id ? `message-${id}` : undefined} aria-label=${role === "user" ? "You" : "Your agent"}>
    ${row.earlier.value.length > 0 && html`<${Lazy} load=${earlier} props=${{ row }} />`}
    <${role === "user" ? Question : Answer} row=${row} desk=${desk} />
  </article>`;
}

/** @param {Props} props */
function Question({ row, desk }) {
  if (desk.editing.value === row.key) return html`<${Lazy} load=${edit} props=${{ row, desk }} />`;
  const text = textOf(row);
  const status = row.status.value;
  return html`${row.attachments.length > 0 && html`<${Lazy} load=${files} props=${{ row, path: desk.talk.path }} />`}
    <div class="chat-asked">
      ${text && html`<div class="chat-bubble">${text}</div>`}
      ${status === "complete" ? html`<${Facts} row=${row} desk=${desk} />` : html`<${Waits} row=${row} desk=${desk} />`}
    </div>`;
}

/** A question that is on its way, or waits for the answers before it. @param {Props} props */
function Waits({ row, desk }) {
  if (row.status.value !== "queued") return html`<p class="chat-facts meta">${useLater() ? "Sending…" : "\u00a0"}</p>`;
  return html`<p class="chat-facts meta"><span>Waits for the answer before it.</span>
    ${row.turnId && html`<${Button} kind="quiet" onClick=${() => desk.talk.stop(row.turnId)}>Take it back<//>`}
  </p>`;
}

/** @param {Props} props */
function Answer({ row, desk }) {
  const pieces = row.pieces.value;
  const status = row.status.value;
  if (status === "queued") return null;
  return html`${pieces.map((piece, index) => html`<${Shown} key=${`${index} ${piece.kind}`} piece=${piece} row=${row} desk=${desk} />`)}
    ${status === "running" && html`<${Thinking} pieces=${pieces} />`}
    ${status === "cancelled" && html`<p class="chat-stopped meta"><${Icon} name="stop" size=${16} /> Stopped.</p>`}
    ${status !== "running" && html`<${Facts} row=${row} desk=${desk} />`}`;
}

/** @param {Props & { piece: Piece }} props */
function Shown({ piece, row, desk }) {
  switch (piece.kind) {
    case "text":
      return html`<${Text} text=${piece.text} />`;
    case "reasoning":
      return html`<${Thought} text=${piece.text} />`;
    case "tool":
      return html`<${Tool} tool=${piece} turn=${`${desk.talk.path}/turns/${row.turnId}`} />`;
    case "approval":
      return html`<${Lazy} load=${approval} props=${{ asked: piece, talk: desk.talk }} />`;
    case "error":
      return html`<${Broken} text=${piece.text} row=${row} desk=${desk} />`;
  }
}

/** @param {Props & { text: string }} props */
function Broken({ text, row, desk }) {
  const question = desk.talk.rows.value.findLast(({ role }, index, all) => role === "user" && index < all.indexOf(row));
  return html`<div class="chat-broken" role="alert">
    <p><${Icon} name="warning" size=${18} /><span>${text}</span></p>
    ${question?.id && html`<${Button} icon="retry" disabled=${desk.talk.isBusy.value} onClick=${() => desk.talk.retry(question.id)}>Try again<//>`}
  </div>`;
}

/** @param {{ pieces: Piece[] }} props */
function Thinking({ pieces }) {
  const last = pieces.at(-1);
  const isSilent = !last || (last.kind === "tool" && last.result.value !== null);
  const isLate = useLater();
  return isSilent ? html`<p class="chat-thinking muted">${isLate ? "Thinking…" : "\u00a0"}</p>` : null;
}

/** True after a while: what is over soon is not said. */
function useLater() {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), THINKS_MS);
    return () => clearTimeout(timer);
  }, []);
  return isLate;
}
