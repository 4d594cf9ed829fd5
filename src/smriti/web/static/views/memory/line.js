// One line of a block, and the keys by which it is written.
import { Button } from "../../components/button.js";
import { Icon } from "../../icons.js";
import { html, useLayoutEffect, useRef } from "../../vendor/preact.js";
import { clean } from "./rows.js";

/** @import { Editor } from "./editor.js" */
/** @import { Mark } from "./marks.js" */
/** @import { Row } from "./rows.js" */

/** @type {Record<Mark, { glyph: string, word: string }>} */
export const MARKS = {
  "": { glyph: "", word: "" },
  added: { glyph: "+", word: "added" },
  changed: { glyph: "~", word: "changed" },
  removed: { glyph: "−", word: "removed" },
};
const GROWS = CSS.supports("field-sizing: content");

/** @param {{ editor: Editor, row: Row, number: number, mark: Mark, was?: string }} props */
export function Line({ editor, row, number, mark, was }) {
  const node = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const before = useRef(row.text);
  const caret = editor.caret.value;
  useLayoutEffect(() => {
    if (caret?.id !== row.id) return;
    node.current?.focus();
    node.current?.setSelectionRange(caret.at, caret.at);
  }, [caret]);
  useLayoutEffect(() => { if (!GROWS) grow(node.current); }, [row.text]);
  const leave = () => {
    if (!clean(row.text) && document.hasFocus()) editor.remove(row.id, { moves: false });
    editor.flush();
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const run = KEYS[`${event.altKey ? "Alt-" : ""}${event.key}`];
    if (!run?.({ editor, row, node: /** @type {HTMLTextAreaElement} */ (node.current), before: before.current })) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<li class=${`memory-line ${mark}`}>
    <span class="memory-number figure" aria-hidden="true">${number}</span>
    <${Marked} mark=${mark} />
    <div class="memory-text">
      <textarea ref=${node} rows="1" aria-label=${`Line ${number}${mark && `, ${MARKS[mark].word}`}`} value=${row.text} spellcheck=${true}
        onFocus=${() => { before.current = row.text; }} onBlur=${leave} onKeyDown=${keys}
        onPaste=${(/** @type {ClipboardEvent} */ event) => paste(event, editor, row)}
        onInput=${(/** @type {any} */ event) => editor.input(row.id, event.target.value)}></textarea>
      ${was !== undefined && html`<del><span class="unseen">Before: </span>${was}</del>`}
    </div>
    <${Button} kind="quiet" icon="close" label=${`Remove line ${number}`} onClick=${() => editor.remove(row.id)} />
  </li>`;
}

/** A line that is not there any more. @param {{ text: string }} props */
export function Gone({ text }) {
  return html`<li class="memory-line removed">
    <span class="memory-number" aria-hidden="true"></span><${Marked} mark="removed" />
    <del class="memory-text">${text}</del>
  </li>`;
}

/** @param {{ mark: Mark }} props */
export function Marked({ mark }) {
  const { glyph, word } = MARKS[mark];
  return html`<span class="memory-mark" title=${word}>${glyph && html`<span aria-hidden="true">${glyph}</span>`}<span class="unseen">${word}</span></span>`;
}

/** @param {{ onAdd: () => void, first: boolean }} props */
export function AddLine({ onAdd, first }) {
  return html`<button type="button" class="button quiet memory-add" onClick=${onAdd}>
    <${Icon} name="plus" size=${16} /><span>${first ? "Write the first line" : "Add a line"}</span>
  </button>`;
}

/**
 * What a key does; false when it does nothing of its own.
 * @typedef {{ editor: Editor, row: Row, node: HTMLTextAreaElement, before: string }} Pressed
 * @type {Record<string, (pressed: Pressed) => boolean>}
 */
const KEYS = {
  Enter({ editor, row, node }) {
    const at = node.selectionStart;
    if (!clean(row.text)) return true;
    editor.input(row.id, row.text.slice(0, at));
    editor.insert(row.id, [row.text.slice(node.selectionEnd)]);
    return true;
  },
  Backspace({ editor, row }) {
    if (row.text) return false;
    editor.remove(row.id);
    return true;
  },
  Escape({ editor, row, before }) {
    if (row.text === before) return false;
    editor.input(row.id, before);
    return true;
  },
  ArrowUp({ editor, row, node }) {
    if (node.selectionEnd > 0) return false;
    editor.step(row.id, -1);
    return true;
  },
  ArrowDown({ editor, row, node }) {
    if (node.selectionStart < row.text.length) return false;
    editor.step(row.id, 1);
    return true;
  },
  "Alt-ArrowUp"({ editor, row, node }) {
    editor.move(row.id, -1, node.selectionStart);
    return true;
  },
  "Alt-ArrowDown"({ editor, row, node }) {
    editor.move(row.id, 1, node.selectionStart);
    return true;
  },
};

/** Several lines at once. @param {ClipboardEvent} event @param {Editor} editor @param {Row} row */
function paste(event, editor, row) {
  const lines = (event.clipboardData?.getData("text/plain") ?? "").split(/\r?\n/).filter((line) => clean(line));
  if (lines.length < 2) return;
  event.preventDefault();
  const { selectionStart: from, selectionEnd: to } = /** @type {HTMLTextAreaElement} */ (event.target);
  const last = lines.at(-1) ?? "";
  editor.input(row.id, row.text.slice(0, from) + lines[0]);
  editor.insert(row.id, [...lines.slice(1, -1), last + row.text.slice(to)], last.length);
}

/** Where the stylesheet cannot do it. @param {HTMLElement | null} node */
function grow(node) {
  node?.style.setProperty("height", "auto");
  node?.style.setProperty("height", `${node.scrollHeight}px`);
}
