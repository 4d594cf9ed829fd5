// Shortcuts of the keyboard: who is shown says what its keys do, and the help lists them.
import { signal, useEffect } from "../vendor/preact.js";

/** @import { Signal } from "../vendor/preact.js" */
/** @typedef {{ keys: string, label: string, run: () => void }} Shortcut `keys` as in "mod+shift+o", "?" */

/** @type {Signal<Shortcut[]>} */
export const shortcuts = signal([]);

/** @param {string} keys @param {string} label @param {() => void} run */
export function useShortcut(keys, label, run) {
  useEffect(() => {
    const one = { keys, label, run };
    shortcuts.value = [...shortcuts.peek(), one];
    return () => { shortcuts.value = shortcuts.peek().filter((other) => other !== one); };
  }, [keys, label, run]);
}

/** How a key is called on this machine. @param {string} keys */
export function named(keys) {
  const isMac = navigator.platform.startsWith("Mac");
  /** @type {Record<string, string>} */
  const names = { mod: isMac ? "⌘" : "Ctrl", shift: isMac ? "⇧" : "Shift", escape: "Esc" };
  return keys.split("+").map((key) => names[key] ?? key.toUpperCase()).join(isMac ? "" : "-");
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const mod = event.metaKey || event.ctrlKey ? "mod+" : "";
  return `${mod}${mod && event.shiftKey ? "shift+" : ""}${event.key.toLowerCase()}`;
}

/** @param {EventTarget | null} target */
const isTyping = (target) => target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));

addEventListener("keydown", (event) => {
  const keys = pressed(event);
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  if (!keys.startsWith("mod+") && isTyping(event.target)) return;
  const found = shortcuts.peek().findLast((one) => one.keys === keys);
  if (!found) return;
  event.preventDefault();
  found.run();
});
