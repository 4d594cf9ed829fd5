// The keys of machines and planners: made here, shown once, revoked.
import { json } from "../../api.js";
import { Button } from "../../components/button.js";
import { Copy } from "../../components/copy.js";
import { confirm, Dialog } from "../../components/dialog.js";
import { notify } from "../../components/notices.js";
import { Time } from "../../components/time.js";
import { changed, resource } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";
import { Check } from "./parts.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { ApiKey, DeviceKeyKind, NewKey } from "../../types.d.ts" */

/** @type {Record<string, string>} */
const MAY = { device: "connects a machine", constellation: "connects machines and gives them tasks" };

export function Keys() {
  const [making, setMaking] = useState(false);
  /** @type {Resource<ApiKey[]>} */
  const kept = resource("/devices/keys");
  const all = kept.data.value ?? [];
  return html`<section class="stack" aria-labelledby="machine-keys">
    <header class="machines-head"><h2 id="machine-keys">Keys</h2><${Button} icon="key" onClick=${() => setMaking(true)}>Make a key<//></header>
    ${all.length
      ? html`<ul class="machines-list">${all.map((key) => html`<${Key} key=${key.key_id} of=${key} />`)}</ul>`
      : html`<p class="muted">A key lets a machine in, or a program that plans work for your machines. Connecting a machine makes one for it; revoking it hangs up at once.</p>`}
    <${Dialog} open=${making} title="Make a key" onClose=${() => setMaking(false)}><${Making} onClose=${() => setMaking(false)} /><//>
  </section>`;
}

/** @param {{ of: ApiKey }} props */
function Key({ of: { key_id, name, kind, hint, client_ids, created_at, last_used_at } }) {
  const revoke = async () => {
    const text = "What is connected with it is cut off at once and cannot come back. Your agents, and what the machine did, stay.";
    if (!await confirm({ title: `Revoke the key ${name}?`, text, action: "Revoke key", danger: true })) return;
    await json(`/devices/keys/${encodeURIComponent(key_id)}`, { method: "DELETE" });
    changed("/devices");
    notify("The key is revoked.", { tone: "good" });
  };
  return html`<li class="card machines-card">
    <div><b class="name">${name}</b> <code class="meta">…${hint}</code>
      <p class="meta">${MAY[kind]}${client_ids && html`, as <span class="name">${client_ids.join(", ")}</span> only`}</p>
      <p class="meta">made <${Time} at=${created_at} />${last_used_at ? html`, last used <${Time} at=${last_used_at} />` : ", not used yet"}</p></div>
    <${Button} kind="danger" onClick=${revoke} aria-label=${`Revoke the key ${name}`}>Revoke<//>
  </li>`;
}

/** @param {{ onClose: () => void }} props */
function Making({ onClose }) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState(/** @type {DeviceKeyKind} */ ("constellation"));
  const [secret, setSecret] = useState("");
  const make = async () => {
    /** @type {NewKey} */
    const made = await json("/devices/keys", { method: "POST", body: { name, kind } });
    setSecret(made.key);
    changed("/devices/keys");
  };
  if (secret) return html`<${Once} secret=${secret} onClose=${onClose} />`;
  return html`<form class="stack" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <label class="field"><span>Name</span><input required maxlength="100" autocomplete="off" placeholder="Planner" value=${name}
      onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} /></label>
    <fieldset class="stack machines-kinds"><legend>What it may do</legend>
      <${Check} type="radio" group="kind" name="Connect machines and give them tasks" hint="For planners, and for programs that use /api/dispatch."
        checked=${kind === "constellation"} set=${() => setKind("constellation")} />
      <${Check} type="radio" group="kind" name="Connect machines" hint="Nothing else is open to it." checked=${kind === "device"} set=${() => setKind("device")} />
    </fieldset>
    <footer class="actions"><${Button} onClick=${onClose}>Cancel<//>
      <${Button} kind="primary" type="submit" onClick=${(/** @type {any} */ event) => event.currentTarget.closest("form").reportValidity() && make()}>Make key<//></footer>
  </form>`;
}

/** @param {{ secret: string, onClose: () => void }} props */
function Once({ secret, onClose }) {
  return html`<div class="stack">
    <p>This key is shown <b>this once</b>. Keep it where only its program can read it.</p>
    <div class="command machines-line"><code tabindex="0">${secret}</code><${Copy} text=${secret} label="Copy the key" /></div>
    <footer class="actions"><${Button} kind="primary" onClick=${onClose}>Done<//></footer>
  </div>`;
}
