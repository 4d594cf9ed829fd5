// Your machines, which of them are there now, and the keys that let them in.
import { Button } from "../../components/button.js";
import { Empty } from "../../components/empty.js";
import { Time } from "../../components/time.js";
import { link } from "../../router.js";
import { html, useState } from "../../vendor/preact.js";
import { Connect } from "./connect.js";
import { Keys } from "./keys.js";
import { devices, isLive, useLive } from "./live.js";
import { Awaited, Online } from "./parts.js";

/** @import { DeviceView } from "../../types.d.ts" */

export const title = "Devices";

export function View() {
  useLive();
  const [connecting, setConnecting] = useState(false);
  const all = devices.data.value;
  if (!all) return html`<${Awaited} of=${devices} />`;
  const connect = () => setConnecting(true);
  return html`<div class="page">
    <header><h1>Devices</h1>${all.length > 0 && html`<${Button} kind="primary" icon="plus" onClick=${connect}>Connect a machine<//>`}</header>
    ${all.length ? html`<${List} all=${all} />` : html`<${None} connect=${connect} />`}
    <${Keys} />
    <${Connect} open=${connecting} onClose=${() => setConnecting(false)} />
  </div>`;
}

/** @param {{ connect: () => void }} props */
function None({ connect }) {
  return html`<${Empty} icon="device" title="Let an agent work on your machine"
    text="A machine that you connect becomes a place where your agents can look at files and run commands: “Which of my folders is largest?” You decide what they may do there, and whether they ask first."
    action=${html`<${Button} kind="primary" icon="plus" onClick=${connect}>Connect a machine<//>`} />`;
}

/** @param {{ all: DeviceView[] }} props those that are there first */
function List({ all }) {
  const sorted = all.toSorted((a, b) => Number(b.online) - Number(a.online) || b.last_seen_at.localeCompare(a.last_seen_at));
  return html`<section class="stack" aria-label="Your machines">
    ${isLive.value ? null : html`<p class="meta" role="status">The connection was lost. What you see may have changed; trying again…</p>`}
    <ul class="machines-list">${sorted.map((device) => html`<${Device} key=${device.client_id} device=${device} />`)}</ul>
  </section>`;
}

/** @param {{ device: DeviceView }} props */
function Device({ device }) {
  const { client_id, label, online, session_id, last_seen_at, ask_before_commands } = device;
  return html`<li class="card machines-card">
    <div><a class="name" href=${link("devices", client_id)}>${label || client_id}</a>
      <p class="meta">${[label && client_id, systemOf(device)].filter(Boolean).map((text, at) => html`${at > 0 && " · "}<span class="name">${text}</span>`)}</p></div>
    <div class="machines-now">
      <${Online} online=${online} />
      <p class="meta">${session_id ? html`<a href=${link("tasks", session_id)}>works on a task</a>` : online ? (ask_before_commands ? "asks before commands" : "ready") : html`seen <${Time} at=${last_seen_at} />`}</p>
    </div>
  </li>`;
}

/** @param {DeviceView} device @returns {string} */
const systemOf = ({ system_info: { os_version }, platform }) => (typeof os_version === "string" && os_version ? os_version : platform);
