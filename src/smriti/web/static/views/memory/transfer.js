// Passages from a file and into one, and how far that is.
import { sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { Drop, size } from "../../components/file.js";
import { html, useId, useState } from "../../vendor/preact.js";
import { passagesIn } from "./files.js";
import { Export, Import, jobs } from "./jobs.js";
import { agentOf } from "./names.js";
import { tagsIn } from "./passage-form.js";

/** @import { Job } from "./jobs.js" */
/** @import { Read } from "./files.js" */

const PREVIEWED = 5;
const NAMED = 5;

/** The buttons that begin it. @param {{ agent: string, onImported: () => void }} props */
export function Transfer({ agent, onImported }) {
  const [open, setOpen] = useState(false);
  const job = jobs.value.get(agent);
  const isBusy = job !== undefined && job.state.value !== "done";
  const save = () => { new Export(agent, `${agentOf(agent)?.agent_name ?? "agent"} archive.json`).run(); };
  const read = (/** @type {Import} */ begun) => {
    setOpen(false);
    begun.run();
  };
  return html`<div class="row memory-transfer">
    <${Button} kind="quiet" icon="upload" disabled=${isBusy} onClick=${() => setOpen(true)}>Import<//>
    <${Button} kind="quiet" icon="download" disabled=${isBusy} onClick=${save}>Export<//>
  </div>
  <${Dialog} wide open=${open} title="Import passages" onClose=${() => setOpen(false)}><${Choose} agent=${agent} onImported=${onImported} onBegin=${read} /><//>`;
}

/** @param {{ agent: string, onImported: () => void, onBegin: (job: Import) => void }} props */
function Choose({ agent, onImported, onBegin }) {
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [read, setRead] = useState(/** @type {Read | null} */ (null));
  const [problem, setProblem] = useState("");
  const take = async (/** @type {File[]} */ [chosen]) => {
    if (!chosen) return;
    setFile(chosen);
    setRead(null);
    setProblem("");
    await passagesIn(chosen).then(setRead, (error) => setProblem(sentence(error)));
  };
  const begin = (/** @type {string[]} */ tags) => onBegin(new Import(agent, (read?.items ?? []).map((item) => ({ ...item, tags: [...new Set([...(item.tags ?? []), ...tags])] })), onImported));
  return html`<p class="muted">From JSON (a list, or an export of this page), JSON lines, or plain text, where every paragraph becomes a passage. What is in the archive already is not stored twice.</p>
    <${Drop} accept=".json,.jsonl,.ndjson,.txt,.md,.text" onFiles=${take}>${file ? `${file.name}, ${size(file.size)}: drop or choose another` : undefined}<//>
    ${problem && html`<p class="problem" role="alert">${problem} Nothing was stored.</p>`}
    ${read && html`<${Preview} read=${read} onBegin=${begin} />`}`;
}

/** @param {{ read: Read, onBegin: (tags: string[]) => void }} props */
function Preview({ read: { items, unread }, onBegin }) {
  const id = useId();
  const count = `${items.length.toLocaleString()} ${items.length === 1 ? "passage" : "passages"}`;
  const submit = (/** @type {any} */ event) => {
    event.preventDefault();
    onBegin(tagsIn(event.target.elements.tags.value));
  };
  return html`<form class="stack" onSubmit=${submit}>
    <p role="status">${count}. ${items.length > PREVIEWED ? "The first five:" : ""}</p>
    <ol class="memory-preview">${items.slice(0, PREVIEWED).map(({ content }, at) => html`<li key=${at}>${content.slice(0, 300)}</li>`)}</ol>
    <${Reasons} what="cannot be read and will be left out" reasons=${unread} />
    <div class="field"><label for=${id}>Tags for all of them, with commas between</label><input id=${id} name="tags" autocomplete="off" /></div>
    <footer class="actions"><${Button} type="submit" kind="primary">Import ${count}<//></footer>
  </form>`;
}

/** How far it is. @param {{ agent: string }} props */
export function Progress({ agent }) {
  const job = jobs.value.get(agent);
  return job ? html`<${Shown} key=${job} job=${job} />` : null;
}

/** @param {{ job: Job }} props */
function Shown({ job }) {
  const id = useId();
  const state = job.state.value;
  const [label, word] = job instanceof Import ? ["Import", "imported"] : ["Export", "read"];
  const { total } = job;
  return html`<section class="card memory-job" aria-labelledby=${id}>
    <div class="meter-head"><span id=${id}><b>${label}</b> ${WORDS[state]}</span>
      <span class="figure">${job.done.value.toLocaleString()}${total === null ? ` ${word}` : ` of ${total.toLocaleString()}`}</span></div>
    ${total !== null && html`<progress aria-labelledby=${id} max=${total} value=${job.done.value}></progress>`}
    ${job.problem.value && html`<p class=${state === "failed" ? "problem" : "meta"} role="alert">${job.problem.value}${state === "failed" ? " What is stored so far stays." : ""}</p>`}
    ${job instanceof Import && html`<${Outcome} job=${job} />`}
    <div class="actions"><${Control} job=${job} state=${state} /></div>
  </section>`;
}

/** @type {Record<import("./jobs.js").State, string>} */
const WORDS = { running: "is running.", waiting: "waits for the server.", stopped: "is stopped.", failed: "has broken off.", done: "is done." };

/** @param {{ job: Job, state: import("./jobs.js").State }} props */
function Control({ job, state }) {
  if (state === "running" || state === "waiting") return html`<${Button} icon="stop" onClick=${() => job.stop()}>Stop<//>`;
  const close = html`<${Button} kind="quiet" onClick=${() => job.forget()}>Close<//>`;
  if (state === "done") return close;
  return html`${close}<${Button} kind="primary" onClick=${() => { job.run(); }}>Go on<//>`;
}

/** @param {{ job: Import }} props */
function Outcome({ job }) {
  const { created, done, refused } = job;
  const known = done.value - created.value - refused.value.length;
  return html`<p class="meta" role="status">${job.state.value === "running" ? "" : `${created.value.toLocaleString()} new, ${known.toLocaleString()} there already.`}</p>
    <${Reasons} what="were not taken" reasons=${refused.value} />`;
}

/** @param {{ what: string, reasons: string[] }} props */
function Reasons({ what, reasons }) {
  if (!reasons.length) return null;
  return html`<details class="meta"><summary>${reasons.length.toLocaleString()} ${what}</summary>
    <ul>${reasons.slice(0, NAMED).map((reason) => html`<li key=${reason}>${reason}</li>`)}${reasons.length > NAMED && html`<li>and ${reasons.length - NAMED} more</li>`}</ul></details>`;
}
