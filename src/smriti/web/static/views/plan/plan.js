// What you have used, what your plan allows, and the plans that there are.
import { Meter } from "../../components/meter.js";
import { resource } from "../../state/store.js";
import { html, useEffect } from "../../vendor/preact.js";
import { Waiting } from "../account/waiting.js";
import { Chart } from "./chart.js";
import { Subscription } from "./subscription.js";
import { Tiers } from "./tiers.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { PricingView, SubscriptionStatus, UsageSummary } from "../../types.d.ts" */

export const title = "Plan and usage";

export function View() {
  /** @type {Resource<UsageSummary>} */
  const usage = resource("/usage?months=12");
  /** @type {Resource<PricingView>} */
  const pricing = resource("/payments/stripe/pricing");
  /** @type {Resource<SubscriptionStatus>} */
  const status = resource("/payments/stripe/subscription/status");
  useEffect(() => {
    const known = usage.data.peek()?.tier;
    if (known && status.data.value && known !== status.data.value.tier) usage.load().catch(() => {}); // Stripe was asked meanwhile
  }, [status.data.value]);
  return html`<div class="page">
    <header><h1>Plan and usage</h1></header>
    ${usage.data.value ? html`<${Used} usage=${usage.data.value} />` : html`<${Waiting} of=${usage} lines=${6} />`}
    ${status.data.value ? html`<${Subscription} status=${status.data.value} plan=${usage.data.value?.plan} />` : html`<${Waiting} of=${status} lines=${1} />`}
    ${pricing.data.value && usage.data.value && status.data.value
      ? html`<${Tiers} pricing=${pricing.data.value} usage=${usage.data.value} isPaying=${status.data.value.is_active} />`
      : html`<${Waiting} of=${pricing} />`}
  </div>`;
}

/** @param {{ usage: UsageSummary }} props */
function Used({ usage }) {
  const { enforced, limits, used, months, plan, resets_at: resetsAt } = usage;
  const hasKnowledge = months.some((month) => month.kb_pages > 0);
  return html`<section class="card stack" aria-labelledby="plan-used">
    <header class="plan-head"><h2 id="plan-used">This month</h2>${enforced && html`<span class="chip">${plan} plan</span>`}</header>
    ${!enforced && html`<p class="muted">This server sets you no limits. It counts, so that you can see.</p>`}
    <div class="plan-meters">
      <${Meter} label="Messages" value=${used.messages} limit=${enforced ? limits.messages : null} resetsAt=${resetsAt} />
      <${Meter} label="Agents" value=${used.agents} limit=${enforced ? limits.agents : null} />
      ${hasKnowledge && html`<${Meter} label="Knowledge pages" value=${used.kb_pages} limit=${enforced ? limits.kb_pages : null} resetsAt=${resetsAt} />`}
      <${Meter} label="Tokens" value=${used.tokens} limit=${null} />
    </div>
    <p class="meta">A message is a question with its whole answer, however many steps it took.
      ${limits.memory_blocks ? ` Each agent may have ${limits.memory_blocks.toLocaleString()} memory blocks.` : ""}
      ${` What you have stays yours at any limit: only adding more waits.`}</p>
    <${Chart} months=${months} />
  </section>`;
}
