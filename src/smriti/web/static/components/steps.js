// What was thought, called and answered on the way to a result: quiet lines, which open.
import { Icon } from "../icons.js";
import { html, useState } from "../vendor/preact.js";
import { Copy } from "./copy.js";

/**
 * @typedef {{ kind: "text" | "thought" | "note", text: string }} Said
 * @typedef {object} Called
 * @property {"tool"} kind
 * @property {string} id
 * @property {string} name
 * @property {Record<string, unknown>} args
 * @property {string | null} result null: not yet
 * @property {boolean | null} success
 * @property {number | null} ms
 * @typedef {Said | Called} Step
 */

const BRIEF = 80;

/** @param {{ steps: Step[], open?: string }} props `open`: what is said of a call without a result */
export function Steps({ steps, open = "working…" }) {
  return html`<ol class="steps">${keyed(steps).map(([key, step]) => html`<li key=${key}>${shown(step, open)}</li>`)}</ol>`;
}

/** What a step is called while others come and go: the third tool stays the third. @param {Step[]} steps @returns {[string, Step][]} */
function keyed(steps) {
  /** @type {Record<string, number>} */
  const counts = {};
  return steps.map((step) => {
    counts[step.kind] = (counts[step.kind] ?? 0) + 1;
    return [`${step.kind} ${counts[step.kind]}`, step];
  });
}

/** @param {Step} step @param {string} open */
function shown(step, open) {
  if (step.kind === "tool") return html`<${Tool} tool=${step} open=${open} />`;
  if (step.kind === "thought") return html`<${Fold} head="Thoughts"><p class="steps-text meta">${step.text}</p><//>`;
  return html`<p class=${step.kind === "note" ? "meta" : "steps-text"}>${step.text}</p>`;
}

/** Its inside is made when it is opened. @param {{ head: any, children?: any }} props */
function Fold({ head, children }) {
  const [open, setOpen] = useState(false);
  return html`<details class="steps-fold" onToggle=${(/** @type {any} */ event) => setOpen(event.currentTarget.open)}>
    <summary><${Icon} name="right" size=${16} />${head}</summary>
    ${open && html`<div class="steps-inside">${children}</div>`}
  </details>`;
}

/** @param {{ tool: Called, open: string }} props */
function Tool({ tool, open }) {
  const head = html`<code class="name">${tool.name}</code><span class="steps-brief name">${brief(tool.args)}</span>
    <${State} tool=${tool} open=${open} />`;
  return html`<${Fold} head=${head}><dl>
    <dt>Arguments</dt><dd><pre tabindex="0">${JSON.stringify(tool.args, null, 2)}</pre></dd>
    ${tool.result !== null && html`<dt>Result <${Copy} text=${tool.result} label="Copy the result" /></dt>
      <dd><pre tabindex="0">${tool.result || "(nothing)"}</pre></dd>`}
  </dl><//>`;
}

/** @param {{ tool: Called, open: string }} props */
function State({ tool: { result, success, ms }, open }) {
  if (result === null) return html`<span class="steps-state">${open}</span>`;
  return html`<span class="steps-state figure">${ms !== null && seconds(ms)}
    ${success === false
      ? html`<span class="steps-failed"><${Icon} name="warning" size=${16} />failed</span>`
      : html`<${Icon} name="check" size=${16} /><span class="unseen">done</span>`}
  </span>`;
}

/** @param {number} ms */
function seconds(ms) {
  return `${(ms / 1000).toLocaleString([], { maximumFractionDigits: ms < 100 ? 2 : ms < 10000 ? 1 : 0 })} s`;
}

/** @param {Record<string, unknown>} args */
function brief(args) {
  const texts = Object.values(args).filter((value) => typeof value === "string" || typeof value === "number");
  const text = texts.join(" · ").replace(/\s+/g, " ");
  return text.length > BRIEF ? `${text.slice(0, BRIEF)}…` : text;
}
