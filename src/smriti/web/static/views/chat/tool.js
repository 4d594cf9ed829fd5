// A tool that the agent called: one quiet line, which opens.
import { Copy } from "../../components/copy.js";
import { Icon } from "../../icons.js";
import { resource } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { DeviceLine, ToolPiece } from "../../state/talk-rows.js" */
/** @import { TurnView } from "../../types.d.ts" */

const BRIEF = 80;

/** @param {{ tool: ToolPiece, turn: string }} props `turn`: its path */
export function Tool({ tool, turn }) {
  const [open, setOpen] = useState(false);
  return html`<details class="chat-fold chat-tool" onToggle=${(/** @type {any} */ event) => setOpen(event.currentTarget.open)}>
    <summary>
      <${Icon} name="right" size=${16} />
      <code class="name">${tool.name}</code>
      <span class="chat-brief name">${brief(tool.args)}</span>
      <${State} tool=${tool} />
    </summary>
    ${open && html`<${Details} tool=${tool} turn=${turn} />`}
    ${tool.told.value.length > 0 && html`<ul class="chat-told">${tool.told.value.map((line, at) => html`<${Told} key=${at} line=${line} />`)}</ul>`}
  </details>`;
}

/** @param {{ tool: ToolPiece }} props */
function State({ tool }) {
  const [success, ms] = [tool.success.value, tool.ms.value];
  if (tool.result.value === null) return html`<span class="chat-state">working…</span>`;
  return html`<span class="chat-state figure">${ms !== null && seconds(ms)}
    ${success === false ? html`<span class="chat-failed"><${Icon} name="warning" size=${16} /> failed</span>` : html`<${Icon} name="check" size=${16} /><span class="unseen">done</span>`}
  </span>`;
}

/** @param {{ tool: ToolPiece, turn: string }} props */
function Details({ tool, turn }) {
  const result = tool.result.value;
  return html`<dl class="chat-details">
    <div><dt>Arguments</dt><dd><pre tabindex="0">${JSON.stringify(tool.args, null, 2)}</pre></dd></div>
    ${result !== null && html`<div><dt>Result <${Copy} text=${result} label="Copy the result" /></dt><dd><pre tabindex="0">${result || "(nothing)"}</pre></dd></div>`}
    ${result !== null && tool.ms.value === null && html`<${Took} tool=${tool} turn=${turn} />`}
  </dl>`;
}

/** How long it took, of an answer that is stored. @param {{ tool: ToolPiece, turn: string }} props */
function Took({ tool, turn }) {
  /** @type {Resource<TurnView>} */
  const kept = resource(turn);
  const steps = kept.data.value?.step_log ?? [];
  const ms = steps.flatMap(({ calls }) => calls).find(({ call_id }) => call_id === tool.id)?.ms ?? null;
  return ms !== null && html`<div><dt>Time</dt><dd class="figure">${seconds(ms)}</dd></div>`;
}

/** What a machine did for it. @param {{ line: DeviceLine }} props */
function Told({ line }) {
  const result = line.result.value;
  return html`<li class="name">${line.client}: ${line.name}${result ? ` → ${result}` : result === null ? " …" : ""}</li>`;
}

/** @param {number} ms */
export function seconds(ms) {
  if (ms < 100) return ms < 1 ? "under 1 ms" : `${Math.round(ms)} ms`;
  return `${(ms / 1000).toLocaleString([], { maximumFractionDigits: ms < 10000 ? 1 : 0 })} s`;
}

/** @param {Record<string, unknown>} args */
function brief(args) {
  const texts = Object.values(args).filter((value) => typeof value === "string" || typeof value === "number");
  const text = texts.join(" · ").replace(/\s+/g, " ");
  return text.length > BRIEF ? `${text.slice(0, BRIEF)}…` : text;
}
