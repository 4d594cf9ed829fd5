// Memory beside a chat: what the agent knows while it answers, and what it has just written.
import { Button } from "../../components/button.js";
import { announce } from "../../components/notices.js";
import { Icon } from "../../icons.js";
import { link } from "../../router.js";
import { changed } from "../../state/store.js";
import { html, useEffect, useRef } from "../../vendor/preact.js";
import { Blocks, blocksPath, NewBlock } from "./blocks.js";
import { MARKS } from "./line.js";

/** @import { ReadonlySignal } from "../../vendor/preact.js" */
/**
 * What the panel asks of a talk.
 * @typedef {object} PanelTalk
 * @property {ReadonlySignal<string>} agent its id, "" until it is known
 * @property {ReadonlySignal<{ turn_id: string } | null>} turn the one that is answered
 * @property {ReadonlySignal<{ turnId: string }[]>} rows
 * @property {(listener: (event: any) => void) => () => unknown} onEvent
 */

const NARROW = matchMedia("(max-width: 68.75em)"); // as the stylesheet has it
const WRITES = /^core_memory_(append|replace|delete)$/;

/** @param {{ talk: PanelTalk, onClose?: () => void }} props */
export function Panel({ talk, onClose }) {
  const agent = talk.agent.value;
  const turn = turnOf(talk);
  useEffect(() => {
    const off = talk.onEvent((event) => heard(agent, event));
    return () => { off(); };
  }, [talk, agent]);
  const { node, keys } = useDrawer(Boolean(agent), onClose);
  if (!agent) return null;
  return html`<aside class="memory-panel" aria-label="Memory" ref=${node} tabindex="-1" onKeyDown=${keys}>
    <header>
      <h2>Memory</h2>
      <${NewBlock} agent=${agent} />
      <a class="button quiet icon-only" href=${link("memory", agent)} aria-label="Open the memory as a page" title="Open the memory as a page"><${Icon} name="external" /></a>
      ${onClose && html`<${Button} kind="quiet" icon="close" label="Close the memory" onClick=${onClose} />`}
    </header>
    <p class="meta memory-legend"><span>In this turn:</span>${Object.values(MARKS).map(({ glyph, word }) => word && html`<span key=${word}>${glyph} ${word}</span>`)}</p>
    <${Blocks} agent=${agent} turn=${turn} />
    <a class="nav-row" href=${link("memory", agent, "archive")}><${Icon} name="archive" /><span>Search the archive</span></a>
  </aside>`;
}

export { Panel as View };

/**
 * Where there is no room beside the chat it lies over it: it takes the focus, and goes when that goes.
 * @param {boolean} isShown @param {(() => void) | undefined} onClose
 */
function useDrawer(isShown, onClose) {
  const node = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const drawer = node.current;
    if (!onClose || !drawer || !NARROW.matches) return;
    const opener = /** @type {HTMLElement | null} */ (document.activeElement);
    const elsewhere = (/** @type {Event} */ { target }) => {
      const to = /** @type {Element} */ (target);
      if (!drawer.contains(to) && !to.closest("dialog, .notices")) onClose();
    };
    drawer.focus();
    const kinds = ["focusin", "pointerdown"];
    for (const kind of kinds) document.addEventListener(kind, elsewhere);
    return () => {
      for (const kind of kinds) document.removeEventListener(kind, elsewhere);
      if (drawer.contains(document.activeElement)) opener?.focus();
    };
  }, [isShown]);
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && !event.defaultPrevented && NARROW.matches) onClose?.();
  };
  return { node, keys };
}

/** @param {string} agent @param {{ event_type: string, tool_name: string, success: boolean, content: string }} event */
function heard(agent, event) {
  if (event.event_type !== "TOOL_CALL_RESULT" || !event.success || !WRITES.test(event.tool_name)) return;
  const block = /\[([a-z0-9_]+)\]/.exec(event.content)?.[1];
  changed(block ? `${blocksPath(agent)}/${block}/content` : blocksPath(agent));
  announce(`Your agent has changed ${block ?? "its memory"}.`);
}

/** The turn that is answered, else the last one. @param {PanelTalk} talk @returns {string | null} */
const turnOf = ({ turn, rows }) => turn.value?.turn_id ?? (rows.value.findLast(({ turnId }) => turnId)?.turnId || null);
