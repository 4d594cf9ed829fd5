// A quiet line, which opens; its inside is made when it is opened.
import { Icon } from "../icons.js";
import { html, useState } from "../vendor/preact.js";

/** @import { IconName } from "../icons.js" */

/** @param {{ head: any, kind?: string, icon?: IconName, below?: any, children?: any }} props `below`: what is seen in any case */
export function Fold({ head, kind = "", icon = "right", below, children }) {
  const [open, setOpen] = useState(false);
  return html`<details class=${`fold ${kind}`} onToggle=${(/** @type {any} */ event) => setOpen(event.currentTarget.open)}>
    <summary><${Icon} name=${icon} size=${16} />${head}</summary>
    ${open && children}
    ${below}
  </details>`;
}
