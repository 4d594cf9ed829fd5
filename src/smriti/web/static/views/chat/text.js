// A text that grows, outside of the virtual DOM; and what the agent thought, folded.
import { Icon } from "../../icons.js";
import { html, useLayoutEffect, useRef, useState } from "../../vendor/preact.js";

/** @import { Growing } from "../../state/talk-rows.js" */

/** @type {typeof import("./prose.js") | null} */
let prose = null;

/** @param {{ text: Growing }} props */
export function Text({ text }) {
  const host = useRef(/** @type {HTMLDivElement | null} */ (null));
  useLayoutEffect(() => show(/** @type {HTMLDivElement} */ (host.current), text), [text]);
  return html`<div class="prose" ref=${host}></div>`;
}

/** As it was written, until what makes it beautiful is there. @param {HTMLDivElement} host @param {Growing} text */
function show(host, text) {
  if (prose) return prose.show(host, text);
  /** @type {(() => void) | undefined} */
  let off = () => {};
  const plain = Object.assign(document.createElement("p"), { className: "chat-plain", textContent: text.text });
  host.replaceChildren(plain);
  import("./prose.js").then((loaded) => {
    prose = loaded;
    if (off) off = prose.show(host, text);
  }, () => {}); // it can be read as it is
  return () => {
    off?.();
    off = undefined;
  };
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
