// Making or changing a key, and the one moment in which it can be read.
import { json, newKey, Refused, request, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Copy } from "../../components/copy.js";
import { Dialog } from "../../components/dialog.js";
import { notify } from "../../components/notices.js";
import { changed } from "../../state/store.js";
import { html, useRef, useState } from "../../vendor/preact.js";
import { KeyForm } from "./form.js";
import { trial } from "./scopes.js";

/** @import { ApiKey, NewKey, ProgramKeyUpdate } from "../../types.d.ts" */

/** @param {{ open: ApiKey | "new" | null, onClose: () => void }} props */
export function KeyDialog({ open, onClose }) {
  const [made, setMade] = useState(/** @type {NewKey | null} */ (null));
  const done = () => {
    setMade(null);
    onClose();
  };
  const title = made ? "Your new key" : open === "new" ? "New key" : "Change the key";
  return html`<${Dialog} open=${open !== null} title=${title} onClose=${made ? undefined : onClose}>
    ${made ? html`<${Made} of=${made} done=${done} />` : inside(open, setMade, onClose)}
  <//>`;
}

/** @param {ApiKey | "new" | null} open @param {(key: NewKey) => void} onMade @param {() => void} onClose */
function inside(open, onMade, onClose) {
  if (open === null) return null;
  if (open === "new") return html`<${Making} onMade=${onMade} onClose=${onClose} />`;
  return html`<${KeyForm} of=${open} action="Save" save=${(/** @type {ProgramKeyUpdate} */ values) => change(open, values, onClose)} onClose=${onClose} />`;
}

/** @param {ApiKey} key @param {ProgramKeyUpdate} values @param {() => void} onClose */
async function change(key, values, onClose) {
  await json(`/api-keys/${key.key_id}`, { method: "PATCH", body: values });
  changed("/api-keys");
  notify("The key is changed.", { tone: "good" });
  onClose();
}

/**
 * A form that may be sent again when no answer came: the same request makes no second key. What it
 * made the first time nobody can see any more.
 * @param {{ onMade: (key: NewKey) => void, onClose: () => void }} props
 */
function Making({ onMade, onClose }) {
  const attempt = useRef({ body: "", key: "" });
  const [lost, setLost] = useState({ id: "", values: /** @type {ProgramKeyUpdate} */ ({}) });
  const make = async (/** @type {ProgramKeyUpdate} */ values) => {
    const body = JSON.stringify(values);
    if (attempt.current.body !== body) attempt.current = { body, key: newKey() };
    try {
      onMade(await json("/api-keys", { method: "POST", body: values, key: attempt.current.key }));
    } catch (error) {
      const id = madeId(error);
      if (!id) throw error;
      setLost({ id, values });
    } finally {
      changed("/api-keys");
    }
  };
  const again = async () => {
    await request(`/api-keys/${lost.id}`, { method: "DELETE" }).catch(unlessGone);
    attempt.current = { body: "", key: "" };
    await make(lost.values);
  };
  if (lost.id) return html`<${Lost} again=${again} onClose=${onClose} />`;
  return html`<${KeyForm} action="Make the key" save=${make} onClose=${onClose} />`;
}

/** The key that an earlier attempt has made, as whichever part of the server knows it. @param {unknown} error @returns {string} "" when there is none */
function madeId(error) {
  return error instanceof Refused ? (error.problem.key_id ?? error.problem.resource_id ?? "") : "";
}

/** @param {unknown} error */
function unlessGone(error) {
  if (!(error instanceof Refused && error.status === 404)) throw error;
}

/** @param {{ again: () => Promise<void>, onClose: () => void }} props */
function Lost({ again, onClose }) {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  return html`<div class="stack">
    <p role="alert">The key was made, but the answer with it was lost on the way. A key is shown once, so nobody can read this one any more.</p>
    ${error ? html`<p class="problem" role="alert">${sentence(error)}</p>` : null}
    <footer class="actions">
      <${Button} onClick=${onClose}>Leave it<//>
      <${Button} kind="primary" onClick=${() => again().catch(setError)}>Revoke it and make another<//>
    </footer>
  </div>`;
}

/** @param {{ of: NewKey, done: () => void }} props */
function Made({ of, done }) {
  const line = trial(of.key, of.scopes);
  return html`<div class="stack">
    <p role="status">This is <b class="name">${of.name}</b>. It is shown <b>this once</b>: copy it to where it is needed. We keep only its fingerprint.</p>
    <p class="command key-secret"><code tabindex="0" aria-label="The key">${of.key}</code><${Copy} text=${of.key} label="Copy the key">Copy<//></p>
    ${line && html`<div class="field"><span>Try it in a terminal</span>
      <p class="command"><code tabindex="0">${line}</code><${Copy} text=${line} label="Copy the command" /></p></div>`}
    <footer class="actions"><${Button} kind="primary" onClick=${done}>I have copied it<//></footer>
  </div>`;
}
