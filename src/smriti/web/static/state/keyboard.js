// Comes with the first key that is pressed. Who goes on by keyboard is not sent back to the beginning
// when what had the focus is gone: it passes to what stands there now. Views say where it goes
// themselves where that is known better.

const SETTLED_MS = 150;
const REACHED = ":is(a[href], button, input, select, textarea, summary, [tabindex='0']):not(:disabled, [type=hidden])";

/** What had the focus, and what that stood in, each with what came after and before it. @type {{ node: Element, next: Element | null, last: Element | null }[]} */
let path = [];
let timer = 0;

/** @param {Element | null} focused */
function remember(focused) {
  path = [];
  for (let node = focused; node && node !== document.body; node = node.parentElement) {
    path.push({ node, next: node.nextElementSibling, last: node.previousElementSibling });
  }
}

/** Who leaves the page for the browser is not called back. @param {FocusEvent} event */
function left({ target }) {
  setTimeout(() => { if (document.activeElement === document.body && isReached(/** @type {Element} */ (target))) path = []; });
}

/** Not at once: a view that comes, or a dialog that goes, may have a place for it. */
function mend() {
  if (document.activeElement !== document.body || !path.length) return;
  clearTimeout(timer);
  timer = setTimeout(() => { if (document.activeElement === document.body) nearest()?.focus(); }, SETTLED_MS);
}

/** @returns {HTMLElement | null | undefined} */
function nearest() {
  const again = path[0]?.node;
  if (again && isReached(again)) return again; // it was disabled for a moment
  for (const { node, next, last } of path) {
    const found = inside(next).at(0) ?? inside(last).at(-1) ?? inside(node).at(0);
    if (found) return found;
  }
  return document.querySelector("main");
}

/** @param {Element | null} node @returns {HTMLElement[]} */
function inside(node) {
  if (!node?.isConnected) return [];
  return [node, ...node.querySelectorAll(REACHED)].filter(isReached);
}

/** What lies under a dialog is not. @param {Element} node @returns {node is HTMLElement} */
function isReached(node) {
  const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
  return node.isConnected && node.matches(REACHED) && node.checkVisibility({ visibilityProperty: true }) && (!dialog || dialog.contains(node));
}

/** What a notice offers to take back; a text that is being written has its own. @param {KeyboardEvent} event */
function undo(event) {
  const isMeant = event.key === "z" && (event.ctrlKey || event.metaKey) && !(/** @type {any} */ (event.target).value);
  const buttons = document.querySelectorAll(/** @type {"button"} */ (".notice [aria-keyshortcuts]"));
  const last = isMeant && [...buttons].at(-1);
  if (!last) return;
  event.preventDefault();
  last.click();
}

remember(document.activeElement);
addEventListener("keydown", undo);
addEventListener("focusout", left);
addEventListener("focusin", ({ target }) => remember(/** @type {Element} */ (target)));
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
