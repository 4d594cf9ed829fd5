// A button that says what it does, and that it is doing it.
import { Icon } from "../icons.js";
import { html, useState } from "../vendor/preact.js";
import { sentence } from "../api.js";
import { notify } from "./notices.js";

/** @import { IconName } from "../icons.js" */
/**
 * @typedef {object} ButtonProps
 * @property {"plain" | "primary" | "danger" | "quiet"} [kind]
 * @property {IconName} [icon]
 * @property {string} [label] for one that shows only its icon
 * @property {"button" | "submit"} [type]
 * @property {boolean} [disabled]
 * @property {boolean} [busy]
 * @property {(event: Event) => unknown} [onClick] while its promise runs, the button is busy; an error is told
 * @property {any} [children]
 */

/** @param {ButtonProps & Record<string, unknown>} props */
export function Button({ kind = "plain", icon, label, type = "button", busy, onClick, children, ...rest }) {
  const [running, setRunning] = useState(false);
  const isBusy = busy ?? running;
  const click = async (/** @type {Event} */ event) => {
    if (isBusy) return event.preventDefault();
    const work = onClick?.(event);
    if (!(work instanceof Promise)) return;
    setRunning(true);
    await work.catch(told).finally(() => setRunning(false));
  };
  return html`<button type=${type} class=${`button ${kind}${children ? "" : " icon-only"}`} aria-label=${label} title=${label}
    aria-busy=${isBusy || undefined} onClick=${click} ...${rest}>
    ${icon && html`<${Icon} name=${icon} />`}${children && html`<span>${children}</span>`}
  </button>`;
}

/** @param {unknown} error */
const told = (error) => notify(sentence(error), { tone: "bad" });
