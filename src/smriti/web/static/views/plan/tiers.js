// The plans side by side, and the way to a greater one.
import { Refused } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { html, useId, useState } from "../../vendor/preact.js";
import { leaveFor } from "./leave.js";

/** @import { PricingView, TierView, UsageSummary } from "../../types.d.ts" */
/** @typedef {"monthly" | "annual"} Cycle */

/** @type {Record<Cycle, { label: string, per: string }>} */
const CYCLES = { monthly: { label: "Monthly", per: "a month" }, annual: { label: "Yearly", per: "a year" } };

/** @param {{ pricing: PricingView, usage: UsageSummary, isPaying: boolean }} props */
export function Tiers({ pricing: { tiers, faqs }, usage, isPaying }) {
  const [cycle, setCycle] = useState(/** @type {Cycle} */ ("monthly"));
  const [isOff, setOff] = useState(false);
  const sells = !isOff && tiers.some((tier) => tier.planKey);
  const present = tiers.findIndex((tier) => tier.name === usage.plan);
  if (!sells && !usage.enforced) return html`<p class="muted">Nothing is sold here, and you need nothing: all of Smriti is yours.</p>`;
  const choose = (/** @type {TierView} */ tier) => buy(tier, cycle, isPaying).catch((error) => {
    if (!(error instanceof Refused && error.slug === "payments-not-configured")) throw error;
    setOff(true);
  });
  return html`<section class="stack" aria-labelledby="plan-tiers">
    <header class="plan-head"><h2 id="plan-tiers">Plans</h2>${sells && html`<${Cycles} cycle=${cycle} setCycle=${setCycle} />`}</header>
    ${!sells && html`<p class="muted" role="status">Plans cannot be bought on this server. Who runs it can give you another one.</p>`}
    <ul class="plan-tiers">${tiers.map((tier, index) => html`<${Tier} key=${tier.name} tier=${tier} cycle=${cycle}
      isPresent=${index === present} choose=${sells && tier.planKey && index > present ? choose : undefined} />`)}</ul>
    ${faqs.map(({ question, answer }) => html`<details key=${question} class="plan-question"><summary>${question}</summary><p>${answer}</p></details>`)}
  </section>`;
}

/** @param {{ cycle: Cycle, setCycle: (cycle: Cycle) => void }} props */
function Cycles({ cycle, setCycle }) {
  const name = useId();
  return html`<fieldset class="plan-switch"><legend class="unseen">How you pay</legend>
    ${Object.entries(CYCLES).map(([value, { label }]) => html`<label key=${value}>
      <input type="radio" name=${name} checked=${cycle === value} onChange=${() => setCycle(/** @type {Cycle} */ (value))} /><span>${label}</span>
    </label>`)}
  </fieldset>`;
}

/** @param {{ tier: TierView, cycle: Cycle, isPresent: boolean, choose?: (tier: TierView) => Promise<void> }} props */
function Tier({ tier, cycle, isPresent, choose }) {
  const price = tier.prices[cycle];
  const isFigure = /\d/.test(price);
  return html`<li class=${isPresent ? "card plan-tier present" : "card plan-tier"}>
    <div class="plan-head"><h3>${tier.name}</h3><${Badge} isPresent=${isPresent} badge=${tier.badge} /></div>
    <p class="plan-price"><b class="figure">${price}</b>${isFigure && html` <span class="meta">${CYCLES[cycle].per}</span>`}</p>
    <p class="muted">${tier.description}</p>
    <ul class="plan-features">${tier.features.map((feature) => html`<li key=${feature}>${feature}</li>`)}</ul>
    ${choose && html`<${Button} kind=${tier.highlighted ? "primary wide" : "plain wide"} onClick=${() => choose(tier)}>${tier.ctaLabel}<//>`}
    ${!tier.planKey && !isFigure && html`<${Ask} tier=${tier} />`}
  </li>`;
}

/** What has no price is talked about. @param {{ tier: TierView }} props */
function Ask({ tier: { ctaHref, ctaLabel } }) {
  if (!isLink(ctaHref)) return html`<p class="meta plan-ask">Ask who runs this server.</p>`;
  return html`<a class="button wide" href=${ctaHref} target="_blank" rel="noopener noreferrer">${ctaLabel}</a>`;
}

/** @param {{ isPresent: boolean, badge: string | null }} props */
function Badge({ isPresent, badge }) {
  if (isPresent) return html`<span class="chip good">✓ Your plan</span>`;
  return badge ? html`<span class="chip">${badge}</span>` : null;
}

/** Whether it leads out of here; what is relative is meant for another page than this one. @param {string} href */
const isLink = (href) => /^(https:\/\/|mailto:)/.test(href);

/** @param {TierView} tier @param {Cycle} cycle @param {boolean} isPaying */
async function buy(tier, cycle, isPaying) {
  const body = { planKey: tier.planKey, billingCycle: cycle };
  if (isPaying && !(await sure(tier, cycle))) return;
  await leaveFor("/checkout", body);
}

/** Who pays already pays the difference at once, on no page of Stripe's. @param {TierView} tier @param {Cycle} cycle */
function sure(tier, cycle) {
  return confirm({
    title: `Change to ${tier.name}?`,
    text: `${tier.name} is ${tier.prices[cycle]} ${CYCLES[cycle].per}. What is left of your present plan counts; the difference is paid now, with the card that you pay with.`,
    action: `Change to ${tier.name}`,
  });
}
