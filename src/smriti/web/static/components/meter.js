// How much of a limit is used.
import { html, useId } from "../vendor/preact.js";

const NEARLY = 0.8;

/** @param {{ label: string, value: number, limit: number | null, resetsAt?: string }} props `limit` 0 or null: none */
export function Meter({ label, value, limit, resetsAt }) {
  const id = useId();
  const of = limit ? `${value.toLocaleString()} of ${limit.toLocaleString()}` : `${value.toLocaleString()}, no limit`;
  return html`<div class="meter">
    <div class="meter-head"><label for=${id}>${label}</label><span class="figure">${of}</span></div>
    ${limit ? html`<meter id=${id} class=${tone(value / limit)} min="0" max=${limit} value=${Math.min(value, limit)}>${of}</meter>` : null}
    ${limit && resetsAt ? html`<p class="meta">${hint(value / limit)}Resets on ${day(resetsAt)}.</p>` : null}
  </div>`;
}

const tone = (/** @type {number} */ share) => (share >= 1 ? "bad" : share >= NEARLY ? "warn" : "");
const hint = (/** @type {number} */ share) => (share >= 1 ? "All used. " : share >= NEARLY ? "Nearly used. " : "");
const day = (/** @type {string} */ at) => new Date(at).toLocaleDateString([], { day: "numeric", month: "long" });
