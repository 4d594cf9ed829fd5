// A file of an agent or of an account, sent and made into agents.
import { newKey, Refused, sentence, upload } from "../../api.js";
import { Button } from "../../components/button.js";
import { Drop, size } from "../../components/file.js";
import { link, routes } from "../../router.js";
import { changed } from "../../state/store.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";

/** @import { Imported } from "../../types.d.ts" */
/**
 * @typedef {{ file: File, key: string }} Attempt one that was interrupted goes on when it is sent again with its key
 * @typedef {{ step: "idle" } | { step: "running", sent: number } | { step: "failed", error: unknown } | { step: "done", made: Imported }} Progress
 */

export function Import() {
  const [progress, setProgress] = useState(/** @type {Progress} */ ({ step: "idle" }));
  const [attempt, setAttempt] = useState(/** @type {Attempt | null} */ (null));
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const run = async (/** @type {Attempt} */ { file, key }) => {
    stop.current = new AbortController();
    setProgress({ step: "running", sent: 0 });
    const onProgress = (/** @type {number} */ sent, /** @type {number} */ total) => setProgress({ step: "running", sent: sent / total });
    try {
      setProgress({ step: "done", made: await upload("/agents/import", file, { key, onProgress, signal: stop.current.signal }) });
    } catch (error) {
      setProgress(stop.current.signal.aborted ? { step: "idle" } : { step: "failed", error });
    } finally {
      changed("/agents", "/conversations", "/usage");
    }
  };
  const begin = (/** @type {File[]} */ [file]) => {
    if (!file) return;
    const first = { file, key: newKey() };
    setAttempt(first);
    run(first);
  };
  if (progress.step === "running" && attempt) return html`<${Running} file=${attempt.file} sent=${progress.sent} stop=${() => stop.current.abort()} />`;
  return html`<${Drop} onFiles=${begin} accept=".json,application/json">Drop a file here, or choose one<//>
    ${progress.step === "failed" && attempt && html`<${Failed} error=${progress.error} again=${() => run(attempt)} />`}
    ${progress.step === "done" && html`<${Done} made=${progress.made} />`}`;
}

/** @param {{ file: File, sent: number, stop: () => void }} props `sent`: of 1 */
function Running({ file, sent, stop }) {
  const isSent = sent >= 1;
  return html`<div class="stack" role="status">
    <p>${isSent ? "The server reads the file…" : `Sending ${file.name}, ${size(file.size)}`}</p>
    <progress aria-label="Sent" max="1" value=${isSent ? undefined : sent}></progress>
    ${!isSent && html`<div><${Button} icon="stop" onClick=${stop}>Stop<//></div>`}
  </div>`;
}

/** @param {{ error: unknown, again: () => void }} props */
function Failed({ error, again }) {
  return html`<div class="stack" role="alert">
    <p class="problem">${error instanceof Refused ? error.message : sentence(error)}</p>
    <${Faults} error=${error} />
    <div><${Button} icon="retry" onClick=${again}>Try again<//></div>
  </div>`;
}

/** Where in the file, and what. @param {{ error: unknown }} props */
function Faults({ error }) {
  const faults = error instanceof Refused ? error.errors.filter(({ loc }) => loc.length > 1) : [];
  if (!faults.length) return null;
  return html`<ul class="account-warnings">${faults.map(({ loc, msg }) => html`<li key=${loc.join()}><code>${loc.slice(1).join(" › ")}</code>: ${msg}</li>`)}</ul>`;
}

/** @param {{ made: Imported }} props */
function Done({ made }) {
  const counted = [
    count(made.blocks, "memory block", "memory blocks"), count(made.memories, "memory", "memories"),
    count(made.conversations, "conversation", "conversations"), count(made.messages, "message", "messages"),
  ].filter(Boolean);
  return html`<div class="stack" role="status">
    <p><b>${made.agents.length === 1 ? "One agent is here." : `${made.agents.length} agents are here.`}</b> ${counted.length ? `With ${counted.join(", ")}.` : ""}</p>
    <ul class="account-made">${made.agents.map(({ agent_id: id, agent_name: name }) => html`<li key=${id}><${Made} id=${id} name=${name} /></li>`)}</ul>
    ${made.warnings.length ? html`<details open><summary>What to know</summary><ul class="account-warnings">${made.warnings.map((warning) => html`<li key=${warning}>${warning}</li>`)}</ul></details>` : null}
  </div>`;
}

/** @param {number} number @param {string} one @param {string} many */
const count = (number, one, many) => (number ? `${number.toLocaleString()} ${number === 1 ? one : many}` : "");

/** @param {{ id: string, name: string }} props */
function Made({ id, name }) {
  return "agents/:agent" in routes ? html`<a class="name" href=${link("agents", id)}>${name}</a>` : html`<span class="name">${name}</span>`;
}
