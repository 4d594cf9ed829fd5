// What a machine did, newest first.
import { Button } from "../../components/button.js";
import { Time } from "../../components/time.js";
import { link } from "../../router.js";
import { pages } from "../../state/store.js";
import { html, useEffect } from "../../vendor/preact.js";
import { Status } from "./parts.js";

/** @import { Pages } from "../../state/store.js" */
/** @import { SessionSummary } from "../../types.d.ts" */

/** @param {{ id: string, now: string | null }} props `now`: the task under way */
export function History({ id, now }) {
  /** @type {Pages<SessionSummary>} */
  const kept = pages(`/devices/${encodeURIComponent(id)}/sessions`, { limit: 20 });
  useEffect(() => { kept.load().catch(() => {}); }, [kept, now]);
  const tasks = kept.items.value;
  if (!tasks) return null;
  return html`<section class="stack" aria-labelledby="history"><h2 id="history">History</h2>
    ${tasks.length
      ? html`<ul class="machines-tasks">${tasks.map((task) => html`<${Row} key=${task.session_id} task=${task} />`)}</ul>`
      : html`<p class="muted">Nothing has been done here yet. What you or your agents ask of this machine is kept here with every step.</p>`}
    ${kept.hasMore && html`<p><${Button} onClick=${() => kept.more()}>Show older tasks<//></p>`}
  </section>`;
}

/** @param {{ task: SessionSummary }} props */
function Row({ task: { session_id, request, status, created_at } }) {
  return html`<li><a class="name" href=${link("tasks", session_id)}>${request}</a><${Status} status=${status} /><span class="meta"><${Time} at=${created_at} /></span></li>`;
}
