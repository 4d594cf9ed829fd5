// Makes agents of a file that is dropped here.
import { newKey, Refused, sentence, upload } from "../../api.js";
import { Button } from "../../components/button.js";
import { Drop, size } from "../../components/file.js";
import { link } from "../../router.js";
import { changed } from "../../state/store.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";

/** @import { Imported } from "../../types.d.ts" */
/**
 * @typedef {{ file: File, key: string, sent: number }} Running
 * @typedef {Running & { problem: string, canGoOn: boolean }} Failed
 */

export function Import() {
  const [running, setRunning] = useState(/** @type {Running | null} */ (null));
  const [failed, setFailed] = useState(/** @type {Failed | null} */ (null));
  const [made, setMade] = useState(/** @type {Imported | null} */ (null));
  const take = async (/** @type {File} */ file, key = newKey()) => {
    const run = { file, key, sent: 0 };
    setFailed(null);
    setMade(null);
    setRunning(run);
    try {
      setMade(await upload("/agents/import", file, { key, onProgress: (sent) => setRunning({ ...run, sent }) }));
      changed("/agents", "/conversations", "/usage");
    } catch (error) {
      setFailed({ ...run, problem: sentence(error), canGoOn: !(error instanceof Refused) || error.passing });
    } finally {
      setRunning(null);
    }
  };
  const again = () => failed && take(failed.file, failed.key);
  useDropped((file) => { if (!running) take(file); });
  return html`<div class="stack">
    ${running ? html`<${Progress} ...${running} />` : html`<${Drop} accept=".json,application/json" onFiles=${(/** @type {File[]} */ [file]) => file && take(file)}>
      Drop an export of Smriti or a character of ElizaOS here, or choose one<//>`}
    ${failed && html`<${Problem} ...${failed} again=${again} />`}
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
function Progress({ file, sent }) {
  const isSent = sent >= file.size;
  return html`<div class="card stack" role="status">
    <p>${isSent ? html`The server reads <b class="name">${file.name}</b>…` : html`Sending <b class="name">${file.name}</b>, ${size(file.size)}…`}</p>
    <progress aria-label="Import" max=${file.size} value=${isSent ? undefined : sent} />
  </div>`;
}

/** @param {Failed & { again: () => void }} props */
function Problem({ file, problem, canGoOn, again }) {
  return html`<div class="problem stack" role="alert">
    <p><b class="name">${file.name}</b> was not imported: ${problem}</p>
    ${canGoOn ? html`<div><${Button} icon="retry" onClick=${again}>Go on with this file<//></div>`
      : html`<p>Nothing was made. Smriti takes its own exports and characters of ElizaOS, as JSON.</p>`}
  </div>`;
}

/** @param {Imported} props */
function Made({ agents, warnings }) {
  return html`<div class="card stack" role="status">
    <ul class="builder-made">${agents.map((agent) => html`<li key=${agent.agent_id}>
      <a class="name" href=${link("agents", agent.agent_id)}>${agent.agent_name}</a> is here. <span class="meta">${told(agent)}</span></li>`)}
    </ul>
    ${warnings.length > 0 && html`<div><h3>Worth knowing</h3><ul class="meta">${warnings.map((warning) => html`<li key=${warning}>${warning}</li>`)}</ul></div>`}
  </div>`;
}

/** @param {import("../../types.d.ts").ImportedAgent} agent */
function told({ blocks, memories, conversations, messages }) {
  const counts = [[blocks, "memory block"], [memories, "archived passage"], [conversations, "conversation"], [messages, "message"]];
  const words = counts.filter(([count]) => count).map(([count, word]) => `${count} ${word}${count === 1 ? "" : "s"}`);
  return words.length ? `It brought ${words.join(", ")}.` : "";
}
