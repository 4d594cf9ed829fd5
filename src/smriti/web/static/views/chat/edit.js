// A question in its own place, to be asked anew.
import { sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { textOf } from "../../state/talk-rows.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { again } from "./files.js";

/** @import { Row } from "../../state/talk-rows.js" */
/** @import { Desk } from "./chat.js" */

/** @param {{ row: Row, desk: Desk }} props */
export function View({ row, desk }) {
  const { talk, editing } = desk;
  const [text, setText] = useState(() => textOf(row));
  const [problem, setProblem] = useState("");
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useEffect(() => {
    area.current?.focus();
    area.current?.setSelectionRange(text.length, text.length);
  }, []);
  const close = () => {
    editing.value = "";
    /** @type {HTMLElement | null} */ (document.querySelector(".chat-composer textarea"))?.focus();
  };
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!text.trim() && !row.attachments.length) return;
    try {
      const files = await again(row, talk.path);
      close();
      await talk.edit(row.id, text, files);
    } catch (error) {
      editing.value = row.key;
      setProblem(sentence(error));
    }
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) submit(event);
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close();
  };
  return html`<form class="chat-edit" onSubmit=${submit}>
    <textarea ref=${area} aria-label="Edit your message" rows="2" value=${text} onKeyDown=${keys}
      onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)}></textarea>
    ${problem && html`<p class="wrong" role="alert">${problem}</p>`}
    <p class="meta">What followed is kept as an earlier version. What was written into memory stays.</p>
    <div class="actions"><${Button} onClick=${close}>Cancel<//><${Button} type="submit" kind="primary" icon="send">Ask again<//></div>
  </form>`;
}
