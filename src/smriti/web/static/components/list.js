// A long list that ends where people read: it stays at its end while that grows, and holds only the rows near what is seen.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { Button } from "./button.js";
import { Pane } from "./pane.js";

/**
 * @template T
 * @typedef {object} ListProps
 * @property {T[]} rows
 * @property {(row: T) => string} keyOf
 * @property {(row: T) => any} row shows one; a function that stays the same keeps rows from being shown again
 * @property {string} label what the list is, for who does not see it
 * @property {() => unknown} [onStart] the first row comes near: load what is before it. Asked once a first row
 * @property {string | null} [show] the key of a row to bring into view
 */

/** @template T @param {ListProps<T>} props */
export function VirtualList({ rows, keyOf, row, label, onStart, show = null }) {
  const [, setRange] = useState("");
  const [away, setAway] = useState(false);
  const pane = useMemo(() => new Pane(setRange, setAway), []);
  const scroller = useRef(/** @type {HTMLElement | null} */ (null));
  const keys = rows.map(keyOf);
  const { from, to, above, below } = pane.order(keys);

  useLayoutEffect(() => pane.attach(/** @type {HTMLElement} */ (scroller.current)), []);
  useLayoutEffect(() => pane.shown());
  useEffect(() => { if (show !== null) pane.reveal(show); }, [show]);
  useEffect(() => { pane.onStart = onStart; });

  return html`<div class="list">
    <div class="list-pane" ref=${scroller} tabindex="0" role="region" aria-label=${label}>
      <ol class="list-rows" role="list">
        <${Space} key="(above)" height=${above} />
        ${rows.slice(from, to).map((one, index) => html`<${ListRow} key=${keys[from + index]} name=${keys[from + index]} pane=${pane}
          one=${one} row=${row} position=${from + index + 1} count=${rows.length} />`)}
        <${Space} key="(below)" height=${below} />
      </ol>
    </div>
    ${away && html`<div class="list-newest"><${Button} icon="down" onClick=${() => pane.toEnd()}>Newest<//></div>`}
  </div>`;
}

/** @param {{ height: number }} props */
function Space({ height }) {
  const node = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => node.current?.style.setProperty("--height", `${height}px`), [height]);
  return html`<li class="list-space" role="presentation" aria-hidden="true" ref=${node}></li>`;
}

/** @param {{ name: string, pane: Pane, one: any, row: (row: any) => any, position: number, count: number }} props */
function ListRow({ name, pane, one, row, position, count }) {
  const node = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => pane.observe(name, /** @type {HTMLElement} */ (node.current)), [name]);
  const shown = useMemo(() => row(one), [one, row]);
  return html`<li class="list-row" ref=${node} aria-setsize=${count} aria-posinset=${position}>${shown}</li>`;
}
