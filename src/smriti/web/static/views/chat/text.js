// A text that grows, outside of the virtual DOM; and what the agent thought, folded.
import { GrowingText } from "../../components/growing.js";
import { renderInto } from "../../components/markdown.js";
import { Icon } from "../../icons.js";
import { effect, html, useLayoutEffect, useRef, useState } from "../../vendor/preact.js";

/** @import { Growing } from "../../state/talk-rows.js" */

/** @param {{ text: Growing }} props */
export function Text({ text }) {
  const host = useRef(/** @type {HTMLDivElement | null} */ (null));
  useLayoutEffect(() => show(/** @type {HTMLDivElement} */ (host.current), text), [text]);
  return html`<div class="prose" ref=${host}></div>`;
}

/** @param {HTMLElement} host @param {Growing} text */
function show(host, text) {
  if (text.done.peek()) {
    renderInto(host, text.text);
    return;
  }
  const growing = new GrowingText(host);
  return effect(() => {
    text.version.value;
    growing.update(text.text);
    if (text.done.value) growing.finish();
  });
}

/** @param {{ text: Growing }} props */
export function Thought({ text }) {
  const [open, setOpen] = useState(false);
  return html`<details class="chat-fold" onToggle=${(/** @type {any} */ event) => setOpen(event.currentTarget.open)}>
    <summary><${Icon} name="right" size=${16} /><span>${text.done.value ? "Thoughts" : "Thinking…"}</span></summary>
    ${open && html`<${Thoughts} text=${text} />`}
  </details>`;
}

/** @param {{ text: Growing }} props */
function Thoughts({ text }) {
  text.version.value;
  return html`<div class="chat-thoughts muted">${text.text}</div>`;
}
