// One of many: type a part of it, walk with the arrow keys, take with Enter; Escape keeps what was.
import { html, useEffect, useRef, useState } from "../vendor/preact.js";

/** @import { ControlProps } from "./controls.js" */
/** @import { FormOption } from "../types.d.ts" */

const MOST_SHOWN = 100;

/** @param {ControlProps & { options: FormOption[] }} props */
export function Combobox({ input, id, value, set, options, about }) {
  const [text, setText] = useState(/** @type {string | null} */ (null));
  const [at, setAt] = useState(0);
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const isOpen = text !== null;
  const matches = isOpen ? matching(options, text) : [];
  const found = matches.slice(0, MOST_SHOWN);
  useEffect(() => { list.current?.children[at]?.scrollIntoView({ block: "nearest" }); }, [at, isOpen]);
  const close = () => setText(null);
  const open = (/** @type {string} */ part, place = 0) => {
    setText(part);
    setAt(place);
  };
  const take = (/** @type {FormOption | undefined} */ option) => {
    if (option) set(option.value);
    close();
  };
  const walk = (/** @type {number} */ next) => setAt((next + found.length) % Math.max(found.length, 1));
  const all = () => open("", Math.max(options.slice(0, MOST_SHOWN).findIndex((option) => option.value === value), 0));
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (!isOpen) return opens(event) && all();
    /** @type {Record<string, () => void>} */
    const moves = { ArrowDown: () => walk(at + 1), ArrowUp: () => walk(at - 1), Enter: () => take(found[at]), Escape: close };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  };
  return html`<div class="form-combobox">
    <input id=${id} name=${input.name} role="combobox" autocomplete="off" spellcheck=${false} aria-autocomplete="list" aria-expanded=${isOpen}
      aria-controls=${`${id}-list`} aria-activedescendant=${found.length ? `${id}-${at}` : undefined} placeholder="Choose, or type a part of it"
      value=${text ?? labelOf(options, value)} onInput=${(/** @type {any} */ event) => open(event.target.value)} onClick=${() => isOpen || all()}
      onKeyDown=${keys} onBlur=${close} ...${about} />
    ${isOpen && html`<ul class="form-options" role="listbox" id=${`${id}-list`} aria-label=${input.label} ref=${list}>
      ${found.map((option, index) => html`<li key=${option.value} id=${`${id}-${index}`} role="option" aria-selected=${index === at}
        onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${() => take(option)}>${option.label}</li>`)}
      <${Rest} shown=${found.length} count=${matches.length} />
    </ul>`}
  </div>`;
}

/** What the list does not show. @param {{ shown: number, count: number }} props */
function Rest({ shown, count }) {
  if (shown && shown === count) return null;
  return html`<li class="muted" role="option" aria-selected="false" aria-disabled="true">
    ${shown ? `${count - shown} more: type a part of the name.` : "Nothing is called so."}</li>`;
}

/** Arrow down opens the list, and what is typed does. @param {KeyboardEvent} event */
function opens(event) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return false;
  event.preventDefault();
  return true;
}

/** @param {FormOption[]} options @param {string} part @returns {FormOption[]} */
function matching(options, part) {
  const words = part.toLowerCase().split(/\s+/);
  return options.filter(({ label, value }) => words.every((word) => `${label} ${value}`.toLowerCase().includes(word)));
}

/** @param {FormOption[]} options @param {string} value */
const labelOf = (options, value) => options.find((option) => option.value === value)?.label ?? value;
