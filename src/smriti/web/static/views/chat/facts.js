// Under a message, when it is pointed at: when it was, what it cost, what can be done with it.
import { sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Copy } from "../../components/copy.js";
import { notify } from "../../components/notices.js";
import { whenPainted } from "../../components/painted.js";
import { Time } from "../../components/time.js";
import { textOf } from "../../state/talk-rows.js";
import { html, signal } from "../../vendor/preact.js";
import { seconds } from "../../components/call.js";

/** @import { Row } from "../../state/talk-rows.js" */
/** @import { TurnSummary } from "../../types.d.ts" */
/** @import { Desk } from "./chat.js" */

/** Whether a message has been: nobody points at one before. */
const painted = signal(false, { watched: () => whenPainted(() => { painted.value = true; }) });

/** @param {{ row: Row, desk: Desk }} props */
export function Facts(props) {
  return html`<footer class="chat-facts">${painted.value && html`<${All} ...${props} />`}</footer>`;
}

/** @param {{ row: Row, desk: Desk }} props */
function All({ row, desk }) {
  const { talk } = desk;
  const isQuestion = row.role === "user";
  const turn = isQuestion ? undefined : talk.history.turns.value.get(row.turnId);
  const can = !talk.isBusy.value && row.id !== "";
  const retry = () => { talk.retry(row.id).catch((error) => notify(sentence(error), { tone: "bad" })); };
  return html`<${Copy} text=${() => textOf(row)} label="Copy the message" />
    ${isQuestion && html`<${Button} kind="quiet" icon="edit" label="Edit and ask again" disabled=${!can} onClick=${() => { desk.editing.value = row.key; }} />`}
    ${!isQuestion && html`<${Button} kind="quiet" icon="retry" label="Answer again" disabled=${!can} onClick=${retry} />`}
    <span class="meta figure"><${Time} at=${row.at} />${turn && html`<${Cost} turn=${turn} />`}</span>`;
}

/** @param {{ turn: TurnSummary }} props */
function Cost({ turn: { usage, cost, model, started_at, finished_at } }) {
  const took = finished_at ? Date.parse(finished_at) - Date.parse(started_at) : null;
  const facts = [
    took !== null && seconds(took),
    usage.input_tokens + usage.output_tokens > 0 && `${usage.input_tokens.toLocaleString()} tokens read, ${usage.output_tokens.toLocaleString()} written`,
    cost ? `about ${dollars(cost)}` : null,
    model,
  ].filter(Boolean);
  return facts.length > 0 && html`<span> · ${facts.join(" · ")}</span>`;
}

/** @param {number} cost */
const dollars = (cost) => (cost < 0.01
  ? `${(cost * 100).toLocaleString([], { maximumSignificantDigits: 2 })} ¢`
  : cost.toLocaleString([], { style: "currency", currency: "USD" }));
