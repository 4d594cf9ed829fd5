// One task on a machine: what was asked, every step, what came of it.
import { Approval } from "../../components/approval.js";
import { Button } from "../../components/button.js";
import { Copy } from "../../components/copy.js";
import { Steps } from "../../components/steps.js";
import { Time } from "../../components/time.js";
import { link } from "../../router.js";
import { html } from "../../vendor/preact.js";
import { isOver, useTask } from "./following.js";
import { nameOf } from "./live.js";
import { Awaited, Missing, Status } from "./parts.js";
import { stepsOf } from "./story.js";

/** @import { Step } from "../../components/steps.js" */
/** @import { Requester, SessionStatus, SessionView } from "../../types.d.ts" */
/** @import { Task } from "./following.js" */

export const title = "Task";

/** @type {Record<Requester, string>} */
const BY = { device: "by the machine itself", constellation: "by a planner", api: "by you or a program", agent: "by an agent in a chat" };
/** @type {Partial<Record<SessionStatus, string>>} */
const OPEN = { waiting: "waits for you", completed: "not run", failed: "not run", cancelled: "not run" };
const LOST = { there: "", lost: "The connection was lost; the task goes on. Trying again…", offline: "You are offline; the task goes on without you." };

/** @param {{ params: { session: string } }} props */
export function View({ params }) {
  const task = useTask(params.session);
  const session = task.kept.data.value;
  if (session) return html`<${Shown} task=${task} session=${session} />`;
  const missing = html`<${Missing} title="There is no such task" text="It may have been deleted with its machine, or the link is not whole." />`;
  return html`<${Awaited} of=${task.kept} missing=${missing} />`;
}

/** @param {{ task: Task, session: SessionView }} props */
function Shown({ task, session }) {
  const name = nameOf(session.client_id);
  const over = isOver(session);
  const { approval } = session;
  return html`<div class="page task">
    <header>
      <div><h1>Task on <a class="name" href=${link("devices", session.client_id)}>${name}</a></h1>
        <p class="meta"><${Status} status=${session.status} /> Asked ${BY[session.requester]}, <${Time} at=${session.created_at} />${session.model && html`, with <span class="name">${session.model}</span>`}</p>
      </div>
      ${!over && html`<${Button} icon="stop" onClick=${() => task.cancel()}>Cancel task<//>`}
    </header>
    <p class="task-request">${session.request}</p>
    ${task.line.value !== "there" && html`<p class="meta" role="status">${LOST[task.line.value]}</p>`}
    <${Way} task=${task} session=${session} />
    ${approval && html`<${Approval} key=${approval.approval_id} args=${approval.arguments}
      head=${html`<code>${approval.tool_name}</code> on <b>${name}</b> waits for your approval.`}
      decide=${(/** @type {boolean} */ yes, /** @type {string} */ note) => task.decide(approval, yes, note)} />`}
    ${over && html`<${Outcome} session=${session} name=${name} />`}
  </div>`;
}

/** @param {{ task: Task, session: SessionView }} props */
function Way({ task, session }) {
  const over = isOver(session);
  const steps = task.steps.value ?? stepsOf(session.parts);
  const before = over ? withoutResult(steps, session.result) : steps;
  if (before.length) return html`<section class="stack" aria-label="Steps"><${Steps} steps=${before} open=${OPEN[session.status]} /></section>`;
  if (over) return null;
  return html`<p class="muted">${session.status === "queued" ? "Another task is running there. This one begins after it." : "Thinking…"}</p>`;
}

/** The result has a place of its own. @param {Step[]} steps @param {string | null} result */
function withoutResult(steps, result) {
  const last = steps.at(-1);
  return last?.kind === "text" && last.text === result ? steps.slice(0, -1) : steps;
}

/** @param {{ session: SessionView, name: string }} props */
function Outcome({ session, name }) {
  if (session.status === "completed") {
    return html`<section class="card task-result" aria-labelledby="result">
      <header class="row"><h2 id="result">Result</h2><${Copy} text=${session.result ?? ""} label="Copy the result" /></header>
      <p class="steps-text">${session.result}</p>
      <${Spent} session=${session} />
    </section>`;
  }
  const wasCancelled = session.status === "cancelled";
  return html`<section class="card task-result" aria-labelledby="result">
    <h2 id="result">${wasCancelled ? "Cancelled" : "It has failed"}</h2>
    <p class="steps-text">${session.error}</p>
    <p class="meta">${wasCancelled ? "What was done before stays done." : html`What was done before stays done. You can ask again on the page of <span class="name">${name}</span>.`}</p>
    <${Spent} session=${session} />
  </section>`;
}

/** @param {{ session: SessionView }} props */
function Spent({ session: { steps, usage, created_at, finished_at } }) {
  const seconds = finished_at ? Math.max(1, Math.round((Date.parse(finished_at) - Date.parse(created_at)) / 1000)) : 0;
  const tokens = usage.input_tokens + usage.output_tokens;
  const facts = [`${seconds.toLocaleString()} s`, steps === 1 ? "1 step" : `${steps} steps`, `${tokens.toLocaleString()} tokens`];
  return html`<p class="meta figure">${facts.join(" · ")}</p>`;
}
