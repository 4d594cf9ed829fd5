// What stood in the place of a message before it was edited, or answered again.
import { Icon } from "../../icons.js";
import { html, useState } from "../../vendor/preact.js";
import { said } from "../../state/talk-rows.js";
import { Text } from "./text.js";

/** @import { Row } from "../../state/talk-rows.js" */
/** @import { MessageView } from "../../types.d.ts" */

/** @param {{ row: Row }} props */
export function View({ row }) {
  const messages = row.earlier.value;
  const [open, setOpen] = useState(false);
  return html`<details class="chat-fold chat-earlier" onToggle=${(/** @type {any} */ event) => setOpen(event.currentTarget.open)}>
    <summary><${Icon} name="history" size=${16} /><span>${row.role === "user" ? "Edited. Earlier version" : "Answered again. Earlier answer"}</span></summary>
    ${open && html`<div class="chat-left">${messages.map((message) => html`<${Left} key=${message.message_id} message=${message} />`)}</div>`}
  </details>`;
}

/** @param {{ message: MessageView }} props */
function Left({ message }) {
  if (message.role === "user") return html`<div class="chat-bubble">${message.content}</div>`;
  return html`<${Text} text=${said(message.content).text} />`;
}
