// A tool that was called: one quiet line with arguments, result and time inside.
import { Icon } from "../icons.js";
import { html } from "../vendor/preact.js";
import { Copy } from "./copy.js";
import { Fold } from "./fold.js";
import { numbers } from "./formats.js";

/**
 * @typedef {object} Called
 * @property {string} name
 * @property {Record<string, unknown>} args
 * @property {string | null} result null: not yet
 * @property {boolean | null} success
 * @property {number | null} ms
 */

const BRIEF = 80;
const tenths = numbers({ maximumFractionDigits: 1 });
const whole = numbers({ maximumFractionDigits: 0 });

/** @param {{ call: Called, open?: string, below?: any, children?: any }} props `open`: what is said of a call without a result; children: more of the inside */
export function Call({ call, open = "working…", below, children }) {
  const head = html`<code class="name">${call.name}</code><span class="fold-brief name">${brief(call.args)}</span><${State} call=${call} open=${open} />`;
  return html`<${Fold} kind="call" head=${head} below=${below}><${Inside} call=${call}>${children}<//><//>`;
}

/** @param {{ call: Called, children?: any }} props */
function Inside({ call: { args, result }, children }) {
  return html`<dl class="fold-inside">
    <dt>Arguments</dt><dd><pre tabindex="0">${JSON.stringify(args, null, 2)}</pre></dd>
    ${result !== null && html`<dt>Result <${Copy} text=${result} label="Copy the result" /></dt><dd><pre tabindex="0">${result || "(nothing)"}</pre></dd>`}
    ${children}
  </dl>`;
}

/** @param {{ call: Called, open: string }} props */
function State({ call: { result, success, ms }, open }) {
  if (result === null) return html`<span class="fold-state">${open}</span>`;
  return html`<span class="fold-state figure">${ms !== null && seconds(ms)}
    ${success === false
      ? html`<span class="call-failed"><${Icon} name="warning" size=${16} />failed</span>`
      : html`<${Icon} name="check" size=${16} /><span class="unseen">done</span>`}
  </span>`;
}

/** @param {number} ms */
export function seconds(ms) {
  if (ms < 100) return ms < 1 ? "under 1 ms" : `${Math.round(ms)} ms`;
  return `${(ms < 10000 ? tenths : whole)(ms / 1000)} s`;
}

/** @param {Record<string, unknown>} args */
function brief(args) {
  const texts = Object.values(args).filter((value) => typeof value === "string" || typeof value === "number");
  const text = texts.join(" · ").replace(/\s+/g, " ");
  return text.length > BRIEF ? `${text.slice(0, BRIEF)}…` : text;
}
