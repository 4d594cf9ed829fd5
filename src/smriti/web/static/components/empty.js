// What a place is for, while nothing is in it.
import { Icon } from "../icons.js";
import { html } from "../vendor/preact.js";

/** @param {{ icon: import("../icons.js").IconName, title: string, text?: any, action?: any, children?: any }} props `action`: a button */
export function Empty({ icon, title, text, action, children }) {
  return html`<section class="empty">
    <${Icon} name=${icon} size=${28} />
    <h2>${title}</h2>
    ${text && html`<p>${text}</p>`}
    ${children}
    ${action}
  </section>`;
}
