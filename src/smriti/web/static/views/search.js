// Ctrl-K: everything that was said and remembered, and every page, by typing.
import { sentence } from "../api.js";
import { Icon } from "../icons.js";
import { go } from "../router.js";
import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { useCommands } from "./search/commands.js";
import { hitGroups, useHits } from "./search/hits.js";
import { Options } from "./search/options.js";

/** @import { Choice } from "./search/options.js" */

const MOST_COMMANDS = 5;
const PARTIAL = "There was no time to look everywhere: these are from what you used last.";

/** @param {{ typed: { current: string }, onClose: () => void }} props `typed`: before this was here */
export function View({ typed, onClose }) {
  const [query, setQuery] = useState(() => typed.current.trimStart());
  const [at, setAt] = useState(0);
  const list = useId();
  const { results, error } = useHits(query);
  const groups = [...useCommands(query, query ? MOST_COMMANDS : Infinity), ...hitGroups(results)];
  const choices = groups.flatMap((group) => group.choices);
  const current = choices[Math.min(at, choices.length - 1)];
  const choose = (/** @type {Choice} */ choice) => {
    onClose();
    if (choice.href) go(choice.href);
    choice.run?.();
  };
  const type = (/** @type {any} */ event) => {
    setQuery(event.target.value.trimStart());
    setAt(0);
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && !event.isComposing && current) choose(current);
    else if (event.key === "ArrowDown") setAt((Math.min(at, choices.length - 1) + 1) % choices.length);
    else if (event.key === "ArrowUp") setAt((Math.min(at, choices.length - 1) - 1 + choices.length) % choices.length);
    else if (event.key === "Escape") onClose(); // else the browser only empties the field
    else return;
    event.preventDefault();
  };
  return html`<${Frame} onClose=${onClose}>
    <div class="search-head"><${Icon} name="search" />
      <input type="search" role="combobox" aria-label="Search everything" aria-autocomplete="list" aria-expanded=${choices.length > 0}
        aria-controls=${choices.length ? list : undefined} aria-activedescendant=${current ? `${list}-${current.id}` : undefined}
        placeholder="Search messages, memories, agents, pages" autocomplete="off" spellcheck=${false} maxlength="1000"
        value=${query} onInput=${type} onKeyDown=${keys} autofocus />
      <kbd>Esc</kbd>
    </div>
    ${choices.length ? html`<${Options} id=${list} groups=${groups} current=${current?.id ?? ""} choose=${choose} point=${(/** @type {Choice} */ choice) => setAt(choices.indexOf(choice))} />` : null}
    <${State} query=${query} isAnswered=${results.query === query.trim()} isPartial=${results.partial} count=${choices.length} error=${error} />
  <//>`;
}

/** Over the page; the browser gives the focus back when it closes. @param {{ onClose: () => void, children?: any }} props */
function Frame({ onClose, children }) {
  const node = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => {
    const dialog = node.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  useEffect(() => node.current?.querySelector("input")?.focus(), []);
  const cancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    onClose();
  };
  const press = (/** @type {MouseEvent} */ event) => { if (event.target === node.current) onClose(); };
  return html`<dialog ref=${node} class="dialog wide search" aria-label="Search" onCancel=${cancel} onMouseDown=${press}><div class="search-body">${children}</div></dialog>`;
}

/** What there is to say besides what was found. @param {{ query: string, isAnswered: boolean, isPartial: boolean, count: number, error: unknown }} props */
function State({ query, isAnswered, isPartial, count, error }) {
  if (error) return html`<p class="problem search-state" role="alert">${sentence(error)}</p>`;
  const text = query && isAnswered ? told(count) : "";
  const isSeen = text && (count === 0 || isPartial);
  return html`<p class=${isSeen ? "meta search-state" : "unseen"} role="status">${text}${isPartial ? ` ${PARTIAL}` : ""}</p>`;
}

/** @param {number} count */
function told(count) {
  if (count === 0) return "Nothing has these words. Try fewer, or others: what you said, or what an agent noted.";
  return count === 1 ? "One result." : `${count} results.`;
}
