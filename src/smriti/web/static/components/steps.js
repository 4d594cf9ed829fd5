// What was thought, called and answered on the way to a result.
import { html } from "../vendor/preact.js";
import { Call } from "./call.js";
import { Fold } from "./fold.js";

/** @import { Called } from "./call.js" */
/**
 * @typedef {{ kind: "text" | "thought" | "note", text: string }} Said
 * @typedef {Said | (Called & { kind: "tool", id: string })} Step
 */

/** @param {{ steps: Step[], open?: string }} props `open`: what is said of a call without a result */
export function Steps({ steps, open }) {
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

/** @param {Step} step @param {string} [open] */
function shown(step, open) {
  if (step.kind === "tool") return html`<${Call} call=${step} open=${open} />`;
  if (step.kind === "thought") return html`<${Fold} head="Thoughts"><p class="fold-inside steps-text meta">${step.text}</p><//>`;
  return html`<p class=${step.kind === "note" ? "meta" : "steps-text"}>${step.text}</p>`;
}
