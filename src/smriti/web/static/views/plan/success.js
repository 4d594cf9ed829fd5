// Back from a paid checkout: what was bought is noted, once, and shown.
import { json, Refused, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../icons.js";
import { link } from "../../router.js";
import { changed, resource } from "../../state/store.js";
import { html, useEffect, useState } from "../../vendor/preact.js";
import { Skeleton } from "../lazy.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { UsageSummary } from "../../types.d.ts" */
/** @typedef {"" | "bought" | "known" | "unpaid"} Outcome "": not known yet */

export const title = "Payment";

/** @type {Record<string, Outcome>} */
const ANSWERS = { "checkout-session-not-found": "known", "checkout-session-unpaid": "unpaid" };
/** @type {Record<Exclude<Outcome, "">, { head: string, text: string }>} */
const WORDS = {
  bought: { head: "Thank you", text: "Your payment arrived, and the new limits count from now on." },
  known: { head: "This payment is noted", text: "It was noted before; there is nothing more to do." },
  unpaid: { head: "The payment is on its way", text: "Some ways of paying take a while. Your plan changes by itself when it arrives; you can close this page." },
};

/** @param {{ query: URLSearchParams }} props a plan that was changed in place comes without a session */
export function View({ query }) {
  const session = query.get("session_id");
  const [outcome, setOutcome] = useState(/** @type {Outcome} */ (""));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const finish = () => {
    setError(null);
    return finished(session).then(setOutcome, setError);
  };
  useEffect(() => { finish(); }, [session]);
  if (error) return html`<${Unknown} error=${error} again=${finish} />`;
  return outcome ? html`<${Told} outcome=${outcome} />` : html`<div class="page"><h1>Payment</h1><p role="status">Asking whether it arrived…</p><${Skeleton} lines=${2} /></div>`;
}

/** @param {string | null} session @returns {Promise<Outcome>} */
async function finished(session) {
  try {
    if (session) await json(`/payments/stripe/session/${encodeURIComponent(session)}`);
    return "bought";
  } catch (error) {
    const known = error instanceof Refused && ANSWERS[error.slug];
    if (!known) throw error;
    return known;
  } finally {
    changed("/usage", "/payments/stripe/subscription");
  }
}

/** @param {{ outcome: Exclude<Outcome, ""> }} props */
function Told({ outcome }) {
  /** @type {Resource<UsageSummary>} */
  const usage = resource("/usage");
  const { head, text } = WORDS[outcome];
  const plan = usage.busy.value ? undefined : usage.data.value?.plan;
  return html`<section class="empty" role="status">
    <${Icon} name=${outcome === "unpaid" ? "history" : "check"} size=${28} />
    <h1>${head}</h1>
    <p>${text}</p>
    ${plan && html`<p>Your plan is <b>${plan}</b>.</p>`}
    <div class="row"><a class="button primary" href="#/">Go on talking</a><a class="button" href=${link("plan")}>See the plan</a></div>
  </section>`;
}

/** @param {{ error: unknown, again: () => Promise<void> }} props */
function Unknown({ error, again }) {
  return html`<section class="empty" role="alert">
    <h1>We could not ask</h1>
    <p>${sentence(error)} If you have paid, nothing is lost: Stripe tells us, too.</p>
    <${Button} kind="primary" icon="retry" onClick=${again}>Ask again<//>
  </section>`;
}
