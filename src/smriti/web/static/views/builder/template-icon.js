// What a template looks like in the gallery.
import { Icon } from "../../icons.js";
import { html } from "../../vendor/preact.js";

/** @import { TemplateIcon as Name } from "../../types.d.ts" */

const PATHS = {
  heart: "M12 19.5C6.5 15.5 4 12.5 4 9.3A4.3 4.3 0 0 1 12 7a4.3 4.3 0 0 1 8 2.3c0 3.2-2.5 6.2-8 10.2Z",
  school: "M12 5 2.5 9.5 12 14l9.5-4.5ZM6.5 11.5v4.75c1.5 1.5 3.25 2.25 5.5 2.25s4-.75 5.5-2.25V11.5M21.5 9.5v5",
};

/** @param {{ name: Name }} props */
export function TemplateIcon({ name }) {
  if (name === "book") return html`<${Icon} name="memory" size=${28} />`;
  if (name === "pen") return html`<${Icon} name="edit" size=${28} />`;
  if (name === "device") return html`<${Icon} name="device" size=${28} />`;
  return html`<svg class="icon" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}
