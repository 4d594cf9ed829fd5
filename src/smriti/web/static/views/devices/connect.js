// How a machine is connected: a key for it, and the line that is pasted into its terminal.
import { json } from "../../api.js";
import { Button } from "../../components/button.js";
import { Copy } from "../../components/copy.js";
import { Dialog } from "../../components/dialog.js";
import { link } from "../../router.js";
import { changed } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";
import { devices } from "./live.js";
import { Check, Field, Online } from "./parts.js";

/** @import { NewKey } from "../../types.d.ts" */
/** @typedef {{ name: string, directory: string, readOnly: boolean, asks: boolean }} Choice */

const NAME = "[A-Za-z0-9._@:\\-]{1,100}";
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
/** @type {Choice} */
const FIRST = { name: "", directory: "~/notes", readOnly: true, asks: false };

/** @param {{ open: boolean, onClose: () => void }} props */
export function Connect({ open, onClose }) {
  return html`<${Dialog} open=${open} title="Connect a machine" onClose=${onClose} wide><${Steps} onClose=${onClose} /><//>`;
}

/** What was chosen is forgotten with the dialog, and so is the key. @param {{ onClose: () => void }} props */
function Steps({ onClose }) {
  const [choice, setChoice] = useState(FIRST);
  const [key, setKey] = useState("");
  const make = async () => {
    const body = { name: choice.name, kind: "device", client_ids: [choice.name] };
    /** @type {NewKey} */
    const made = await json("/devices/keys", { method: "POST", body });
    setKey(made.key);
    changed("/devices/keys");
  };
  if (key) return html`<${Line} choice=${choice} secret=${key} onClose=${onClose} />`;
  return html`<${Form} choice=${choice} change=${(/** @type {Partial<Choice>} */ part) => setChoice({ ...choice, ...part })} make=${make} onClose=${onClose} />`;
}

/** @param {{ choice: Choice, change: (part: Partial<Choice>) => void, make: () => Promise<void>, onClose: () => void }} props */
function Form({ choice, change, make, onClose }) {
  const isTaken = devices.data.value?.some(({ client_id, online }) => online && client_id === choice.name);
  const form = (/** @type {any} */ event) => event.currentTarget.closest("form");
  return html`<form class="stack" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <${Field} name="Name of the machine" hint=${isTaken ? "A machine of that name is connected already. Choose another." : "Letters, digits and . _ @ : - without spaces. Your agents know it by this name."} wrong=${isTaken}>${(/** @type {object} */ ties) => html`
      <input ...${ties} required pattern=${NAME} maxlength="100" autocomplete="off" spellcheck=${false} placeholder="kitchen-laptop" value=${choice.name}
        onInput=${(/** @type {any} */ event) => change({ name: event.currentTarget.value })} />`}<//>
    <${Field} name="Directory in which agents may work there" hint="Files are read and written only inside it. What a command reads is not confined to it.">${(/** @type {object} */ ties) => html`
      <input ...${ties} required autocomplete="off" spellcheck=${false} value=${choice.directory}
        onInput=${(/** @type {any} */ event) => change({ directory: event.currentTarget.value })} />`}<//>
    <${Check} name="Look only: nothing may be written" checked=${choice.readOnly} set=${(/** @type {boolean} */ readOnly) => change({ readOnly })} />
    <${Check} name="Ask in its terminal before anything is done" checked=${choice.asks} set=${(/** @type {boolean} */ asks) => change({ asks })} />
    <footer class="actions">
      <${Button} onClick=${onClose}>Cancel<//>
      <${Button} kind="primary" icon="key" type="submit" disabled=${isTaken}
        onClick=${(/** @type {Event} */ event) => form(event).reportValidity() && make()}>Make its key<//>
    </footer>
  </form>`;
}

/** @param {{ choice: Choice, secret: string, onClose: () => void }} props */
function Line({ choice, secret, onClose }) {
  const isThere = devices.data.value?.some(({ client_id, online }) => online && client_id === choice.name);
  return html`<div class="stack">
    <p>Paste this line into a terminal of the machine, in the folder of Smriti. The key in it is shown <b>this once</b>.</p>
    <div class="command machines-line"><code tabindex="0">${commandOf(choice, secret).split(" ").map((word, at) => html`${at > 0 && " "}<span>${word}</span>`)}</code><${Copy} text=${commandOf(choice, secret)} label="Copy the line" /></div>
    ${isLocal() && html`<${Tunnel} port=${location.port || "80"} />`}
    <p class="row" role="status">${isThere
      ? html`<${Online} online=${true} /> <a href=${link("devices", choice.name)}>Open ${choice.name}</a>`
      : html`<span class="muted">Waiting for <span class="name">${choice.name}</span> to connect…</span>`}</p>
    <footer class="actions"><${Button} kind=${isThere ? "primary" : "plain"} onClick=${onClose}>Done<//></footer>
  </div>`;
}

const isOpen = () => location.protocol === "http:";
const isLocal = () => isOpen() && LOOPBACK.test(location.hostname);

/** @param {{ port: string }} props */
function Tunnel({ port }) {
  return html`<p class="meta">On another machine than this server's, open a tunnel first: <code>ssh -N -L ${port}:localhost:${port} SERVER</code></p>`;
}

/** @param {Choice} choice @param {string} secret */
function commandOf({ name, directory, readOnly, asks }, secret) {
  const flags = [
    ...(readOnly ? ["--read-only"] : []),
    ...(asks ? ["--ask"] : []),
    ...(isOpen() && !isLocal() ? ["--insecure"] : []),
  ];
  return [`SMRITI_DEVICE_KEY=${secret} uv run smriti device connect --server ${location.origin}`,
    `--name ${name} --directory ${quoted(directory)}`, ...flags].join(" ");
}

/** As a shell takes it for one word; a ~ in front stays what it is there. @param {string} path */
function quoted(path) {
  const [, home = "", rest = ""] = /^(~\/)?(.*)$/s.exec(path.trim()) ?? [];
  if (/^[\w./~-]*$/.test(rest)) return home + rest;
  return `${home}'${rest.replaceAll("'", "'\\''")}'`;
}
