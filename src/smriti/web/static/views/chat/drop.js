// Files that are dropped anywhere on the chat go with the next question.
import { notify } from "../../components/notices.js";
import { Icon } from "../../icons.js";
import { html, useState } from "../../vendor/preact.js";

/** @import { Signal } from "../../vendor/preact.js" */
/** @import { Attached } from "./attachments.js" */
/** @typedef {{ files: Signal<Attached[]> }} Tray */

/** @param {{ desk: Tray, children?: any }} props */
export function Drop({ desk, children }) {
  const [over, setOver] = useState(false);
  const drag = (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    setOver(true);
  };
  const leave = (/** @type {DragEvent & { currentTarget: HTMLElement }} */ event) => {
    if (!event.currentTarget.contains(/** @type {Node | null} */ (event.relatedTarget))) setOver(false);
  };
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(false);
    attach(desk, [...(event.dataTransfer?.files ?? [])]);
  };
  return html`<div class="chat-talk" onDragOver=${drag} onDragLeave=${leave} onDrop=${drop}>
    ${children}
    ${over && html`<div class="chat-drop"><${Icon} name="attach" size=${28} /><span>Drop the files to send them with your message</span></div>`}
  </div>`;
}

/** @param {Tray} desk @param {File[]} files */
export async function attach({ files: tray }, files) {
  if (!files.length) return;
  try {
    const { allPrepared, together } = await import("./attachments.js");
    const added = await allPrepared(files);
    tray.value = together(tray.peek(), added); // as it is now: more may have come, or been sent, meanwhile
  } catch (error) {
    notify(/** @type {Error} */ (error).message, { tone: "bad" });
  }
}
