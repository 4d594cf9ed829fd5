// The last twelve months as bars, and the same as a table.
import { html, useId, useState } from "../../vendor/preact.js";

/** @import { MonthUsage } from "../../types.d.ts" */
/** @typedef {"messages" | "tokens"} Measure */

/** @type {Record<Measure, string>} */
const MEASURES = { messages: "Messages", tokens: "Tokens" };
const HEIGHT = 128;
const FOOT = 20;
const SHARE = 0.62;

/** @param {{ months: MonthUsage[] }} props newest first */
export function Chart({ months }) {
  const [measure, setMeasure] = useState(/** @type {Measure} */ ("messages"));
  const name = useId();
  const ordered = months.toReversed();
  const isEmpty = ordered.every((month) => month[measure] === 0);
  return html`<figure class="plan-figure">
    <figcaption class="plan-head"><h3>The last 12 months</h3>
      <fieldset class="plan-switch"><legend class="unseen">What the bars show</legend>
        ${Object.entries(MEASURES).map(([value, label]) => html`<label key=${value}>
          <input type="radio" name=${name} checked=${measure === value} onChange=${() => setMeasure(/** @type {Measure} */ (value))} /><span>${label}</span>
        </label>`)}
      </fieldset>
    </figcaption>
    ${isEmpty ? html`<p class="muted">Nothing yet. Each question that you ask is counted here.</p>` : html`<${Bars} months=${ordered} measure=${measure} />`}
    <details><summary>As a table</summary><${Table} months=${months} /></details>
  </figure>`;
}

/** @param {{ months: MonthUsage[], measure: Measure }} props */
function Bars({ months, measure }) {
  const top = roundUp(Math.max(...months.map((month) => month[measure])));
  const wide = 100 / months.length;
  const said = months.map((month) => `${nameOf(month, "long")} ${month[measure].toLocaleString()}`).join(", ");
  return html`<div class="plan-chart">
    <div class="plan-axis" aria-hidden="true"><span>${short(top)}</span><span>${short(top / 2)}</span><span>0</span></div>
    <svg width="100%" height=${HEIGHT + FOOT} role="img" aria-label=${`${MEASURES[measure]} by month: ${said}`}>
      ${[0, 0.5, 1].map((share) => html`<line key=${share} x1="0" x2="100%" y1=${share * HEIGHT + 0.5} y2=${share * HEIGHT + 0.5} />`)}
      ${months.map((month, index) => html`<${Bar} key=${month.month} month=${month} value=${month[measure]} share=${month[measure] / top}
        x=${index * wide} wide=${wide} isNow=${index === months.length - 1} />`)}
    </svg>
  </div>`;
}

/** @param {{ month: MonthUsage, value: number, share: number, x: number, wide: number, isNow: boolean }} props `x`, `wide`: percent */
function Bar({ month, value, share, x, wide, isNow }) {
  const height = value ? Math.max(2, share * HEIGHT) : 0;
  return html`<g class=${isNow ? "now" : ""}>
    <title>${`${nameOf(month, "long")}: ${value.toLocaleString()}`}</title>
    <rect class="plan-touch" x=${`${x}%`} y="0" width=${`${wide}%`} height=${HEIGHT} />
    <rect x=${`${x + (wide * (1 - SHARE)) / 2}%`} y=${HEIGHT - height} width=${`${wide * SHARE}%`} height=${height} rx="2" />
    <text x=${`${x + wide / 2}%`} y=${HEIGHT + FOOT - 5} text-anchor="middle">${nameOf(month, "short")}</text>
  </g>`;
}

/** @param {{ months: MonthUsage[] }} props */
function Table({ months }) {
  const hasKnowledge = months.some((month) => month.kb_pages > 0);
  return html`<table class="table plan-table">
    <thead><tr><th scope="col">Month</th><th scope="col">Messages</th><th scope="col">Tokens</th>${hasKnowledge && html`<th scope="col">Knowledge pages</th>`}</tr></thead>
    <tbody>${months.map((month) => html`<tr key=${month.month}><th scope="row">${nameOf(month, "whole")}</th>
      <td>${month.messages.toLocaleString()}</td><td>${month.tokens.toLocaleString()}</td>${hasKnowledge && html`<td>${month.kb_pages.toLocaleString()}</td>`}</tr>`)}
    </tbody>
  </table>`;
}

/** Months are UTC's. @param {MonthUsage} month @param {"short" | "long" | "whole"} how */
function nameOf({ month }, how) {
  const year = how === "whole" ? { year: /** @type {const} */ ("numeric") } : {};
  return new Date(`${month}-01T00:00:00Z`).toLocaleDateString([], { month: how === "short" ? "short" : "long", timeZone: "UTC", ...year });
}

const short = (/** @type {number} */ amount) => amount.toLocaleString([], { notation: "compact", maximumFractionDigits: 1 });

/** To 1, 2 or 5 and noughts; even, so that half of it is whole. @param {number} amount */
function roundUp(amount) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(amount, 1)));
  const times = [1, 2, 4, 6, 8].find((each) => each * unit >= amount) ?? 10;
  return Math.max(times * unit, 2);
}
