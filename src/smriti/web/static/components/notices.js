// Short words that come and go at the edge of the page, and what only a screen reader is told.
import { html, signal, useEffect, useRef } from "../vendor/preact.js";
import { Icon } from "../icons.js";

/**
 * @typedef {"plain" | "good" | "bad" | "warn"} Tone
 * @typedef {{ label: string, run: () => unknown, keys?: string }} Action
 * @typedef {{ id: number, text: string, tone: Tone, actions: Action[] }} Notice
 */

const SHOWN_MS = 6000;
const UNDO_MS = 5000;
const MOST = 3;
/** @type {Record<Tone, import("../icons.js").IconName | null>} */
const GLYPHS = { plain: null, good: "check", bad: "warning", warn: "warning" };

/** @type {import("../vendor/preact.js").Signal<Notice[]>} */
const notices = signal([]);
const spoken = signal("");
let count = 0;

/**
 * Show a sentence. With `undo` it stays five seconds, else until it is read or, when bad, closed.
 * @param {string} text @param {{ tone?: Tone, action?: Action, undo?: () => unknown }} [options]
 */
export function notify(text, { tone = "plain", action, undo } = {}) {
  const id = ++count;
  const actions = [...(action ? [action] : []), ...(undo ? [{ label: "Undo", run: undo, keys: "Control+Z" }] : [])];
  notices.value = [...notices.value.filter((one) => one.text !== text), { id, text, tone, actions }].slice(-MOST);
  if (tone !== "bad") setTimeout(() => close(id), undo ? UNDO_MS : SHOWN_MS);
}

/** Tell who listens rather than looks. @param {string} text */
export function announce(text) {
  spoken.value = spoken.peek() === text ? `${text}\u00a0` : text;
}

/** @param {number} id */
function close(id) {
  notices.value = notices.value.filter((one) => one.id !== id);
}

/** Where they are shown, above an open dialog, too; the shell has it once. */
export function Notices() {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const shown = notices.value;
  useEffect(() => {
    list.current?.hidePopover();
    if (shown.length) list.current?.showPopover();
  }, [shown]);
  return html`<p class="unseen" role="status" aria-live="polite">${spoken}</p>
    <div class="notices" ref=${list} popover="manual" role="status" aria-live="polite">
      ${shown.map((one) => html`<${Shown} key=${one.id} notice=${one} />`)}
    </div>`;
}

/** @param {{ notice: Notice }} props */
function Shown({ notice: { id, text, tone, actions } }) {
  const glyph = GLYPHS[tone];
  const run = (/** @type {Action} */ action) => () => {
    close(id);
    action.run();
  };
  return html`<p class=${`notice ${tone}`}>
    ${glyph && html`<${Icon} name=${glyph} />`}<span>${text}</span>
    ${actions.map((action) => html`<button type="button" class="button quiet" aria-keyshortcuts=${action.keys} title=${action.keys} onClick=${run(action)}>${action.label}</button>`)}
    <button type="button" class="button quiet icon-only" aria-label="Close" onClick=${() => close(id)}><${Icon} name="close" size=${16} /></button>
  </p>`;
}
