// Makes agents of a file: of an agent, of a whole account, or of a character.
import { newKey, Refused, sentence, upload } from "../api.js";
import { Button } from "../components/button.js";
import { Drop, size } from "../components/file.js";
import { link } from "../router.js";
import { changed } from "../state/store.js";
import { html, useEffect, useRef, useState } from "../vendor/preact.js";

/** @import { Imported, ImportedAgent } from "../types.d.ts" */
/**
 * @typedef {{ file: File, key: string }} Attempt one that was interrupted goes on when it is sent again with its key
 * @typedef {Attempt & { sent: number, stop: () => void }} Running `sent`: bytes
 * @typedef {Attempt & { error: unknown }} Failed
 */

export function Import() {
  const [running, setRunning] = useState(/** @type {Running | null} */ (null));
  const [failed, setFailed] = useState(/** @type {Failed | null} */ (null));
  const [made, setMade] = useState(/** @type {Imported | null} */ (null));
  const take = async (/** @type {File} */ file, key = newKey()) => {
    const stopping = new AbortController();
    const onProgress = (/** @type {number} */ sent) => setRunning({ file, key, sent, stop: () => stopping.abort() });
    setFailed(null);
    setMade(null);
    onProgress(0);
    try {
      setMade(await upload("/agents/import", file, { key, onProgress, signal: stopping.signal }));
    } catch (error) {
      if (!stopping.signal.aborted) setFailed({ file, key, error });
    } finally {
      setRunning(null);
      changed("/agents", "/conversations", "/usage");
    }
  };
  useDropped((file) => { if (!running) take(file); });
  return html`<div class="stack">
    ${running ? html`<${Progress} ...${running} />` : html`<${Drop} accept=".json,application/json" onFiles=${(/** @type {File[]} */ [file]) => file && take(file)}>
      Drop an export of Smriti or a character of ElizaOS here, or choose one<//>`}
    ${failed && html`<${Problem} ...${failed} again=${() => take(failed.file, failed.key)} />`}
    ${made && html`<${Made} ...${made} />`}
  </div>`;
}

/** A file that misses the field is meant, too; the browser would leave the page for it. @param {(file: File) => void} take */
function useDropped(take) {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const over = (/** @type {DragEvent} */ event) => event.preventDefault();
    const drop = (/** @type {DragEvent} */ event) => {
      const [file] = event.dataTransfer?.files ?? [];
      if (file && !event.defaultPrevented) latest.current(file);
      event.preventDefault();
    };
    document.addEventListener("dragover", over);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("dragover", over);
      document.removeEventListener("drop", drop);
    };
  }, []);
}

/** @param {Running} props */
function Progress({ file, sent, stop }) {
  const isSent = sent >= file.size;
  return html`<div class="card stack" role="status">
    <p>${isSent ? html`The server reads <b class="name">${file.name}</b>…` : html`Sending <b class="name">${file.name}</b>, ${size(file.size)}…`}</p>
    <progress aria-label="Import" max=${file.size} value=${isSent ? undefined : sent} />
    ${!isSent && html`<div><${Button} icon="stop" onClick=${stop}>Stop<//></div>`}
  </div>`;
}

/** @param {Failed & { again: () => void }} props */
function Problem({ file, error, again }) {
  const isFinal = error instanceof Refused && !error.passing;
  return html`<div class="problem stack" role="alert">
    <p><b class="name">${file.name}</b> was not imported. <${Reason} error=${error} /></p>
    ${isFinal ? html`<p>Nothing was made. ${error.errors.length > 0 && "Smriti takes its own exports and characters of ElizaOS, as JSON."}</p>`
      : html`<div><${Button} icon="retry" onClick=${again}>Go on with this file<//></div>`}
  </div>`;
}

/** What is wrong, and where in the file. @param {{ error: unknown }} props */
function Reason({ error }) {
  if (!(error instanceof Refused) || !error.errors.length) return sentence(error);
  const faults = error.errors.filter(({ loc }) => loc.length > 1);
  if (!faults.length) return error.message;
  return faults.map(({ loc, msg }) => html`<span class="fault" key=${loc.join()}><code>${loc.slice(1).join(" › ")}</code>: ${msg}</span>`);
}

/** @param {Imported} props */
function Made({ agents, warnings }) {
  return html`<div class="card stack" role="status">
    <ul class="imported">${agents.map((agent) => html`<li key=${agent.agent_id}>
      <a class="name" href=${link("agents", agent.agent_id)}>${agent.agent_name}</a> is here. <span class="meta">${told(agent)}</span></li>`)}
    </ul>
    ${warnings.length > 0 && html`<div><h3>Worth knowing</h3><ul class="meta">${warnings.map((warning) => html`<li key=${warning}>${warning}</li>`)}</ul></div>`}
  </div>`;
}

/** @param {ImportedAgent} agent */
function told({ blocks, memories, conversations, messages }) {
  const counts = /** @type {[number, string][]} */ ([[blocks, "memory block"], [memories, "archived passage"], [conversations, "conversation"], [messages, "message"]]);
  const words = counts.filter(([count]) => count).map(([count, word]) => `${count.toLocaleString()} ${word}${count === 1 ? "" : "s"}`);
  return words.length ? `It brought ${words.join(", ")}.` : "";
}
