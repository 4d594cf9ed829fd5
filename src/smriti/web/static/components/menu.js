// A button that opens a list of actions; arrow keys walk in it, Escape closes it.
import { Icon } from "../icons.js";
import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "../vendor/preact.js";

/** @import { IconName } from "../icons.js" */
/** @typedef {{ label: string, icon?: IconName, run?: () => unknown, href?: string, danger?: boolean, checked?: boolean }} Item */

/** @param {{ label: string, items: Item[], icon?: IconName, children?: any, up?: boolean }} props `children`: what the button shows */
export function Menu({ label, items, icon = "more", children, up = false }) {
  const [open, setOpen] = useState(false);
  const root = useRef(/** @type {HTMLDivElement | null} */ (null));
  const id = useId();
  useOutside(root, open, () => setOpen(false));
  useLayoutEffect(() => {
    if (!open) return;
    root.current?.lastElementChild?.scrollIntoView({ block: "nearest" });
    entries(root.current)[0]?.focus();
  }, [open]);
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      event.preventDefault();
      close();
    } else if (!open && event.key === "ArrowDown") {
      event.preventDefault();
      setOpen(true);
    } else if (open) walk(root.current, event);
  };
  const close = () => {
    setOpen(false);
    root.current?.querySelector("button")?.focus();
  };
  const choose = (/** @type {Item} */ item) => () => {
    close();
    item.run?.();
  };
  return html`<div class="menu" ref=${root} onKeyDown=${keys}>
    <button type="button" class=${children ? "button quiet" : "button quiet icon-only"} aria-haspopup="menu" aria-expanded=${open}
      aria-controls=${id} aria-label=${children ? undefined : label} title=${label} onClick=${() => setOpen(!open)}>
      ${children ? [children, html`<span class="unseen">${label}</span>`] : html`<${Icon} name=${icon} />`}
    </button>
    ${open && html`<div class=${up ? "menu-list up" : "menu-list"} role="menu" id=${id} aria-label=${label}>
      ${items.map((item) => html`<${Entry} key=${item.label} item=${item} choose=${choose(item)} />`)}
    </div>`}
  </div>`;
}

/** @param {{ item: Item, choose: () => void }} props */
function Entry({ item, choose }) {
  const inside = html`${item.icon && html`<${Icon} name=${item.icon} size=${18} />`}<span>${item.label}</span>
    ${item.checked && html`<${Icon} name="check" size=${16} />`}`;
  if (item.href) return html`<a role="menuitem" tabindex="-1" href=${item.href} onClick=${choose}>${inside}</a>`;
  const isChoice = item.checked !== undefined;
  return html`<button type="button" tabindex="-1" class=${item.danger ? "danger" : ""} role=${isChoice ? "menuitemradio" : "menuitem"}
    aria-checked=${isChoice ? item.checked : undefined} onClick=${choose}>${inside}</button>`;
}

/** Whether somebody has one open: then what comes late may not take the focus, which would close it. */
export const isChoosing = () => Boolean(document.activeElement?.closest("[role=menu]"));

/** @param {HTMLElement | null} root @returns {HTMLElement[]} */
const entries = (root) => [...(root?.querySelectorAll(/** @type {"button"} */ ("[role^=menuitem]")) ?? [])];

/** @param {HTMLElement | null} root @param {KeyboardEvent} event */
function walk(root, event) {
  const all = entries(root);
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  /** @type {Record<string, number>} */
  const steps = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 };
  const next = steps[event.key];
  if (next === undefined) return;
  event.preventDefault();
  all[next % all.length]?.focus();
}

/** Close what is open when something else is meant. @param {{ current: HTMLElement | null }} root @param {boolean} open @param {() => void} close */
function useOutside(root, open, close) {
  useEffect(() => {
    if (!open) return;
    const elsewhere = (/** @type {Event} */ event) => {
      if (!root.current?.contains(/** @type {Node} */ (event.target))) close();
    };
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("focusin", elsewhere);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("focusin", elsewhere);
    };
  }, [open]);
}
