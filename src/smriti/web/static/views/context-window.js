// The window of a model as a bar of what fills it, and the same as a table.
import { html, useLayoutEffect, useRef } from "../vendor/preact.js";

/** @import { Context } from "../types.d.ts" */
/** @typedef {Context["tokens"]} Tokens */

/** In the order of the prompt. @type {{ key: Exclude<keyof Tokens, "window">, name: string, hint: string }[]} */
const PARTS = [
  { key: "system", name: "System prompt", hint: "who the agent is, and its memory" },
  { key: "tools", name: "Tools", hint: "what it may call" },
  { key: "summary", name: "Summary", hint: "in place of the oldest messages" },
  { key: "relevant_past", name: "Relevant past", hint: "kept for earlier talk that bears on the question" },
  { key: "messages", name: "Messages", hint: "what was said, and the question" },
  { key: "kept_for_the_answer", name: "Answer", hint: "kept for what it will say" },
  { key: "free", name: "Free", hint: "for what is still to be said" },
];

/** @param {{ tokens: Tokens }} props */
export function Window({ tokens }) {
  const used = tokens.window - tokens.free;
  return html`<section class="stack" aria-labelledby="window">
    <h2 id="window">The window</h2>
    <p class="muted"><b class="figure">${used.toLocaleString()}</b> of ${tokens.window.toLocaleString()} tokens are spoken for, ${share(used, tokens.window)}.</p>
    <div class="context-bar" aria-hidden="true">${PARTS.filter(({ key }) => tokens[key] > 0).map(({ key }) => html`<${Segment} key=${key} part=${key} tokens=${tokens[key]} />`)}</div>
    <table class="table context-table"><thead><tr><th scope="col">Part</th><th scope="col">Tokens</th><th scope="col">Share</th></tr></thead>
      <tbody>${PARTS.map(({ key, name, hint }) => html`<tr key=${key}>
        <th scope="row"><span class=${`context-swatch context-${key}`}></span>${name} <span class="meta">${hint}</span></th>
        <td class="figure">${tokens[key].toLocaleString()}</td><td class="figure">${share(tokens[key], tokens.window)}</td></tr>`)}</tbody>
    </table>
  </section>`;
}

/** @param {{ part: string, tokens: number }} props */
function Segment({ part, tokens }) {
  const node = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => node.current?.style.setProperty("--tokens", String(tokens)), [tokens]);
  return html`<span ref=${node} class=${`context-${part}`}></span>`;
}

/** @param {number} tokens @param {number} window */
function share(tokens, window) {
  const part = window ? (tokens / window) * 100 : 0;
  return `${part.toLocaleString([], { maximumFractionDigits: part < 10 ? 1 : 0 })} %`;
}
