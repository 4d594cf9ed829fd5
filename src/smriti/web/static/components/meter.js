// How much of a limit is used, and when counting begins anew.
import { html, useId } from "../vendor/preact.js";

const NEARLY = 0.8;

/** @param {{ label: string, value: number, limit: number | null, resetsAt?: string }} props `limit` 0: none, and it is said; null: none */
export function Meter({ label, value, limit, resetsAt }) {
  const id = useId();
  if (!limit) return html`<div class="meter"><div class="meter-head"><span>${label}</span><span class="figure">${value.toLocaleString()}${limit === 0 && ", no limit"}</span></div></div>`;
  const of = `${value.toLocaleString()} of ${limit.toLocaleString()}`;
  const words = [hint(value / limit), resetsAt ? `Resets on ${day(resetsAt)}.` : ""].filter(Boolean).join(" ");
  return html`<div class="meter">
    <div class="meter-head"><label for=${id}>${label}</label><span class="figure">${of}</span></div>
    <meter id=${id} class=${tone(value / limit)} min="0" max=${limit} value=${Math.min(value, limit)}></meter>
    ${words && html`<p class="meta">${words}</p>`}
  </div>`;
}

const tone = (/** @type {number} */ share) => (share >= 1 ? "bad" : share >= NEARLY ? "warn" : "");
const hint = (/** @type {number} */ share) => (share >= 1 ? "⚠ All used." : share >= NEARLY ? "Nearly used." : "");
const day = (/** @type {string} */ at) => new Date(at).toLocaleDateString([], { day: "numeric", month: "long" });
