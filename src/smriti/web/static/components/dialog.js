// A question or a form over the page. The browser keeps the focus inside and gives it back.
import { html, signal, useEffect, useId, useRef, useState } from "../vendor/preact.js";
import { Button } from "./button.js";

/** @param {{ open: boolean, title: string, onClose?: () => void, children?: any, wide?: boolean }} props without `onClose` it stays */
export function Dialog({ open, title, onClose, children, wide = false }) {
  const node = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const name = useId();
  useEffect(() => {
    if (open && !node.current?.open) show(node.current);
    if (!open) node.current?.close();
  }, [open]);
  const cancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    onClose?.();
  };
  const click = (/** @type {MouseEvent} */ event) => { if (event.target === node.current) onClose?.(); };
  return html`<dialog ref=${node} class=${wide ? "dialog wide" : "dialog"} aria-labelledby=${name} onCancel=${cancel} onMouseDown=${click}>
    ${open && html`<div class="dialog-body">
      <header><h2 id=${name}>${title}</h2>
        ${onClose && html`<${Button} kind="quiet" icon="close" label="Close" onClick=${onClose} />`}
      </header>
      ${children}
    </div>`}
  </dialog>`;
}

/** What is asked comes first, then the harmless button. @param {HTMLDialogElement | null} dialog */
function show(dialog) {
  dialog?.showModal();
  /** @type {HTMLElement | null | undefined} */
  const first = dialog?.querySelector("[autofocus], .dialog-body :is(input, textarea, select):not(:read-only), .actions button");
  first?.focus();
}

/** @typedef {{ title: string, text?: string, action: string, danger?: boolean, typed?: string }} Question `typed`: what must be typed first */

/** @type {import("../vendor/preact.js").Signal<(Question & { answer: (yes: boolean) => void }) | null>} */
const asked = signal(null);

/** Ask before something cannot be taken back. @param {Question} question @returns {Promise<boolean>} */
export function confirm(question) {
  asked.peek()?.answer(false);
  return new Promise((resolve) => {
    asked.value = { ...question, answer: (yes) => { asked.value = null; resolve(yes); } };
  });
}

/** Where `confirm` asks; the shell has it once. */
export function Questions() {
  const question = asked.value;
  return html`<${Dialog} open=${question !== null} title=${question?.title ?? ""} onClose=${() => question?.answer(false)}>
    ${question && html`<${Asked} ...${question} />`}
  <//>`;
}

/** @param {Question & { answer: (yes: boolean) => void }} props */
function Asked({ text, action, danger, typed, answer }) {
  const [word, setWord] = useState("");
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    answer(true);
  };
  return html`<form class="stack" onSubmit=${submit}>
    ${text && html`<p>${text}</p>`}
    ${typed && html`<label class="field"><span>Type <b class="name">${typed}</b> to go on</span>
      <input autocomplete="off" spellcheck=${false} value=${word} onInput=${(/** @type {any} */ event) => setWord(event.target.value)} />
    </label>`}
    <footer class="actions">
      <${Button} onClick=${() => answer(false)}>Cancel<//>
      <${Button} type="submit" kind=${danger ? "danger" : "primary"} disabled=${typed !== undefined && word !== typed}>${action}<//>
    </footer>
  </form>`;
}
