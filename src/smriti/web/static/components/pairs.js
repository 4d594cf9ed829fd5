// Names and values, a row each; as text a line `name: value` each.
import { html, useState } from "../vendor/preact.js";
import { Button } from "./button.js";

/** @import { ControlProps } from "./controls.js" */
/** @typedef {[name: string, value: string]} Pair */

/** @param {ControlProps} props */
export function Pairs({ input, id, value, set }) {
  const [rows, setRows] = useState(() => pairsOf(value));
  const [written, setWritten] = useState(value);
  if (value !== written) {
    setWritten(value);
    setRows(pairsOf(value));
  }
  const change = (/** @type {Pair[]} */ next) => {
    const text = textOf(next);
    setRows(next);
    setWritten(text);
    set(text);
  };
  const put = (/** @type {number} */ at, /** @type {Pair} */ pair) => change(rows.map((row, index) => (index === at ? pair : row)));
  const add = () => {
    setRows([...rows, ["", ""]]);
    requestAnimationFrame(() => document.getElementById(`${id}-${rows.length}`)?.focus());
  };
  return html`<div class="form-pairs">
    ${rows.map((row, index) => html`<${Row} key=${index} id=${`${id}-${index}`} label=${`${input.label} ${index + 1}`} pair=${row}
      set=${(/** @type {Pair} */ pair) => put(index, pair)} remove=${() => change(rows.filter((_, other) => other !== index))} />`)}
    <div><${Button} id=${rows.length ? undefined : id} icon="plus" onClick=${add}>Add a line<//></div>
  </div>`;
}

/** @param {{ id: string, label: string, pair: Pair, set: (pair: Pair) => void, remove: () => void }} props */
function Row({ id, label, pair: [name, value], set, remove }) {
  return html`<div class="form-beside">
    <input id=${id} aria-label=${`${label}, name`} placeholder="Name" value=${name}
      onInput=${(/** @type {any} */ event) => set([event.target.value.replaceAll(":", ""), value])} />
    <input aria-label=${`${label}, value`} placeholder="Value" value=${value} onInput=${(/** @type {any} */ event) => set([name, event.target.value])} />
    <${Button} kind="quiet" icon="trash" label=${`Remove ${label}`} onClick=${remove} />
  </div>`;
}

/** @param {string} text @returns {Pair[]} */
function pairsOf(text) {
  return text.split("\n").filter((line) => line.trim()).map((line) => {
    const [name = "", ...rest] = line.split(":");
    return [name.trim(), rest.join(":").trim()];
  });
}

/** @param {Pair[]} pairs */
function textOf(pairs) {
  return pairs.filter(([name, value]) => name || value).map(([name, value]) => `${name}: ${value}`).join("\n");
}
