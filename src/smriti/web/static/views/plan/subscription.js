// What you pay for: how it goes on, how it ends, and where its invoices are.
import { json } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { notify } from "../../components/notices.js";
import { changed } from "../../state/store.js";
import { html } from "../../vendor/preact.js";
import { leaveFor } from "./leave.js";

/** @import { CancellationChange, SubscriptionStatus } from "../../types.d.ts" */

const portal = () => leaveFor("/portal");

/** @param {{ status: SubscriptionStatus, plan?: string }} props nothing, while nothing was ever bought */
export function Subscription({ status, plan = "" }) {
  if (!status.status) return null;
  return html`<section class="card stack" aria-labelledby="plan-bought">
    <h2 id="plan-bought">Your subscription</h2>
    <${How} status=${status} plan=${plan} />
    <div class="row">
      ${status.is_active && status.cancel_at_period_end && html`<${Button} kind="primary" onClick=${resume}>Keep the plan<//>`}
      <${Button} icon="external" onClick=${portal}>Invoices and payment<//>
      ${status.is_active && !status.cancel_at_period_end && html`<${Button} kind="quiet" onClick=${() => cancel(plan, dateOf(status))}>Cancel plan<//>`}
    </div>
    <p class="meta">Invoices, cards and changes to a smaller plan are on Stripe's pages. We never see your card.</p>
  </section>`;
}

/** @param {{ status: SubscriptionStatus, plan: string }} props */
function How({ status, plan }) {
  const date = dateOf(status);
  if (!status.is_active) return html`<p>It has ended. Your agents and their memory are as they were. Choose a plan below to go on.</p>`;
  if (status.status === "past_due") {
    return html`<p class="problem" role="alert">The last payment for ${plan} did not work. Stripe tries again; change the card under “Invoices and payment”, or the plan ends.</p>`;
  }
  if (status.cancel_at_period_end) return html`<p><span class="chip warn">Ends</span> ${plan} ends on <b>${date}</b>. Until then nothing changes, and afterwards nothing is deleted.</p>`;
  return html`<p><span class="chip good">Active</span> ${plan} goes on by itself on <b>${date}</b>.</p>`;
}

/** @param {SubscriptionStatus} status */
function dateOf({ current_period_end: end }) {
  return end ? new Date(Number(end) * 1000).toLocaleDateString([], { day: "numeric", month: "long", year: "numeric" }) : "the end of the period";
}

/** @param {string} plan @param {string} date */
async function cancel(plan, date) {
  const sure = await confirm({
    title: `Cancel ${plan}?`,
    text: `You keep it until ${date}, and can take the cancellation back until then. Nothing that you have is deleted.`,
    action: "Cancel plan",
    danger: true,
  });
  if (sure) await change("cancel");
}

const resume = () => change("resume");

/** @param {"cancel" | "resume"} what */
async function change(what) {
  /** @type {CancellationChange} */
  const { message } = await json(`/payments/stripe/subscription/${what}`, { method: "POST", key: null });
  changed("/payments/stripe/subscription");
  notify(message, { tone: "good" });
}
