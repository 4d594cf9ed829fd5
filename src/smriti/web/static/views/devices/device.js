// One machine: what it is, what it may do, what it did; and a task for it.
import { json } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { Time } from "../../components/time.js";
import { go, link } from "../../router.js";
import { draftOf, keepDraft } from "../../state/drafts.js";
import { changed } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";
import { History } from "./history.js";
import { devices, useLive } from "./live.js";
import { Awaited, Field, Missing, Online } from "./parts.js";
import { Settings } from "./settings.js";

/** @import { Dispatched, DeviceView } from "../../types.d.ts" */

export const title = (/** @type {{ params: Record<string, string> }} */ { params }) => params.device ?? "Device";

/** @param {{ params: { device: string } }} props */
export function View({ params }) {
  useLive();
  const all = devices.data.value;
  if (!all) return html`<${Awaited} of=${devices} />`;
  const device = all.find(({ client_id }) => client_id === params.device);
  if (device) return html`<${Shown} key=${device.client_id} device=${device} />`;
  return html`<${Missing} title="There is no such machine" text="It has never been connected, or it was forgotten." />`;
}

/** @param {{ device: DeviceView }} props */
function Shown({ device }) {
  const { client_id, label, online, session_id, first_seen_at, last_seen_at } = device;
  return html`<div class="page">
    <header><div><h1 class="name">${label || client_id}</h1>
      <p class="meta">${label && html`<code class="name">${client_id}</code> · `}known since <${Time} at=${first_seen_at} />${!online && html`, seen <${Time} at=${last_seen_at} />`}</p></div>
      <div class="machines-now"><${Online} online=${online} />${session_id && html`<a class="meta" href=${link("tasks", session_id)}>works on a task</a>`}</div>
    </header>
    <${Run} device=${device} />
    <${History} id=${client_id} now=${session_id} />
    <${Settings} device=${device} />
    <${Info} device=${device} />
    <section class="stack" aria-labelledby="forget"><h2 id="forget">Forget this machine</h2>
      <p class="muted">It is cut off, and its settings and tasks are deleted. While its key is valid, it can connect again: revoke that, too.</p>
      <p><${Button} kind="danger" icon="trash" onClick=${() => forget(device)}>Forget this machine<//></p></section>
  </div>`;
}

/** @param {DeviceView} device */
async function forget({ client_id, label }) {
  const text = "Its settings and what it did are deleted. This cannot be undone.";
  if (!await confirm({ title: `Forget ${label || client_id}?`, text, action: "Forget machine", danger: true })) return;
  await json(`/devices/${encodeURIComponent(client_id)}`, { method: "DELETE" });
  changed("/devices");
  go("#/devices");
}

/** @param {{ device: DeviceView }} props */
function Run({ device: { client_id, label, online, session_id } }) {
  const draft = `device:${client_id}`;
  const [request, setRequest] = useState(() => draftOf(draft));
  const write = (/** @type {any} */ event) => {
    setRequest(event.currentTarget.value);
    keepDraft(draft, event.currentTarget.value);
  };
  const run = async () => {
    /** @type {Dispatched} */
    const task = await json("/api/dispatch", { method: "POST", body: { client_id, request } });
    keepDraft(draft, "");
    changed("/devices");
    go(link("tasks", task.session_id));
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) /** @type {any} */ (event.currentTarget).form.querySelector("[type=submit]").click();
  };
  const hint = !online ? "It is offline. What you write is kept until it is back." : session_id ? "It works on a task; yours begins after that." : "Its agent looks, runs what is needed, and tells you the result. Ctrl-Enter runs it.";
  return html`<form class="stack" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <${Field} name=${html`A task for <span class="name">${label || client_id}</span>`} hint=${hint}>${(/** @type {object} */ ties) => html`
      <textarea ...${ties} rows="3" maxlength="64000" placeholder="How full is the disk?" value=${request} onInput=${write} onKeyDown=${keys}></textarea>`}<//>
    <p class="actions"><${Button} kind="primary" type="submit" icon="send" disabled=${!online || !request.trim()} onClick=${run}>Run task<//></p>
  </form>`;
}

/** @type {Record<string, string>} */
const NAMES = { os_version: "System", cpu_count: "Processors", memory_total_gb: "Memory in GB", hostname: "Host name", ip_address: "Address", supported_features: "Can do" };
const KNOWN_ELSEWHERE = ["device_id", "schema_version"];

/** @param {{ device: DeviceView }} props */
function Info({ device: { platform, system_info } }) {
  const told = Object.entries(system_info).filter(([key, value]) => !KNOWN_ELSEWHERE.includes(key) && key !== "platform" && textOf(value));
  const facts = [["Platform", platform], ...told.map(([key, value]) => [NAMES[key] ?? worded(key), textOf(value)])];
  return html`<section class="stack" aria-labelledby="system"><h2 id="system">System</h2>
    <dl class="card machines-info">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd class="name">${value}</dd></div>`)}</dl>
  </section>`;
}

/** @param {string} key */
function worded(key) {
  const words = key.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What there is to say of it; "" for nothing. @param {unknown} value @returns {string} */
function textOf(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  if (typeof value !== "object") return String(value);
  return Object.keys(value).length ? JSON.stringify(value) : "";
}
