// A text that grows, outside of the virtual DOM; and what the agent thought, folded.
import { Fold } from "../../components/fold.js";
import { effect, html, useLayoutEffect, useRef } from "../../vendor/preact.js";

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
  let isGone = false;
  /** @type {() => void} */
  let off = written(host, text);
  import("./prose.js").then((loaded) => {
    prose = loaded;
    if (isGone) return;
    off();
    off = prose.show(host, text);
  }, () => {}); // it can be read as it is
  return () => {
    isGone = true;
    off();
  };
}

/** The result ends it. @param {HTMLDivElement} host @param {Growing} text */
function written(host, text) {
  const plain = Object.assign(document.createElement("p"), { className: "chat-plain", textContent: text.text });
  host.replaceChildren(plain);
  return text.done.peek() ? () => {} : effect(() => {
    text.version.value;
    plain.textContent = text.text;
  });
}

/** @param {{ text: Growing }} props */
export function Thought({ text }) {
  return html`<${Fold} head=${text.done.value ? "Thoughts" : "Thinking…"}><${Thoughts} text=${text} /><//>`;
}

/** @param {{ text: Growing }} props */
function Thoughts({ text }) {
  text.version.value;
  return html`<div class="fold-inside chat-thoughts muted">${text.text}</div>`;
}
