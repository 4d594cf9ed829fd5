// A text that grows, outside of the virtual DOM; and what the agent thought, folded.
import { Fold } from "../../components/fold.js";
import { html, useLayoutEffect, useRef } from "../../vendor/preact.js";

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
  return html`<${Fold} head=${text.done.value ? "Thoughts" : "Thinking…"}><${Thoughts} text=${text} /><//>`;
}

/** @param {{ text: Growing }} props */
function Thoughts({ text }) {
  text.version.value;
  return html`<div class="fold-inside chat-thoughts muted">${text.text}</div>`;
}
