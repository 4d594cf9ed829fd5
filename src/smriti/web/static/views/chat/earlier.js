// What stood in the place of a message before it was edited, or answered again.
import { Fold } from "../../components/fold.js";
import { html } from "../../vendor/preact.js";
import { said } from "../../state/talk-rows.js";
import { Text } from "./text.js";

/** @import { Row } from "../../state/talk-rows.js" */
/** @import { MessageView } from "../../types.d.ts" */

/** @param {{ row: Row }} props */
export function View({ row }) {
  const head = row.role === "user" ? "Edited. Earlier version" : "Answered again. Earlier answer";
  return html`<${Fold} kind="chat-earlier" icon="history" head=${head}>
    <div class="chat-left">${row.earlier.value.map((message) => html`<${Left} key=${message.message_id} message=${message} />`)}</div>
  <//>`;
}

/** @param {{ message: MessageView }} props */
function Left({ message }) {
  if (message.role === "user") return html`<div class="chat-bubble">${message.content}</div>`;
  return html`<${Text} text=${said(message.content).text} />`;
}
