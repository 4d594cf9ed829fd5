// Back from a checkout that was left.
import { link } from "../../router.js";
import { html } from "../../vendor/preact.js";
import { Icon } from "../../icons.js";

export const title = "Nothing was bought";

export function View() {
  return html`<section class="empty">
    <${Icon} name="plan" size=${28} />
    <h1>Nothing was bought</h1>
    <p>You left the checkout. Nothing was charged, and your plan is as it was.</p>
    <div class="row"><a class="button primary" href=${link("plan")}>Back to the plans</a><a class="button" href="#/">Go on talking</a></div>
  </section>`;
}
