// A tool that the agent called.
import { Call, seconds } from "../../components/call.js";
import { resource } from "../../state/store.js";
import { html } from "../../vendor/preact.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { DeviceLine, ToolPiece } from "../../state/talk-rows.js" */
/** @import { TurnView } from "../../types.d.ts" */

/** @param {{ tool: ToolPiece, turn: string }} props `turn`: its path */
export function Tool({ tool, turn }) {
  const { name, args } = tool;
  const call = { name, args, result: tool.result.value, success: tool.success.value, ms: tool.ms.value };
  const told = tool.told.value;
  const below = told.length > 0 && html`<ul class="chat-told">${told.map((line, at) => html`<${Told} key=${at} line=${line} />`)}</ul>`;
  return html`<${Call} call=${call} below=${below}>${call.result !== null && call.ms === null && html`<${Took} tool=${tool} turn=${turn} />`}<//>`;
}

/** How long it took, of an answer that is stored. @param {{ tool: ToolPiece, turn: string }} props */
function Took({ tool, turn }) {
  /** @type {Resource<TurnView>} */
  const kept = resource(turn);
  const steps = kept.data.value?.step_log ?? [];
  const ms = steps.flatMap(({ calls }) => calls).find(({ call_id }) => call_id === tool.id)?.ms ?? null;
  return ms !== null && html`<dt>Time</dt><dd class="figure">${seconds(ms)}</dd>`;
}

/** What a machine did for it. @param {{ line: DeviceLine }} props */
function Told({ line }) {
  const result = line.result.value;
  return html`<li class="name">${line.client}: ${line.name}${result ? ` → ${result}` : result === null ? " …" : ""}</li>`;
}
