// Agents to begin with, as cards of which one is chosen.
import { Icon } from "../../icons.js";
import { html, useId } from "../../vendor/preact.js";
import { TemplateIcon } from "./template-icon.js";

/** @import { AgentTemplate } from "../../types.d.ts" */

/** @param {{ templates: AgentTemplate[], chosen: string, choose: (template: AgentTemplate) => void, children?: any }} props `children`: the card behind them */
export function Gallery({ templates, chosen, choose, children }) {
  const name = useId();
  return html`<div class="builder-gallery" role="group" aria-label="Templates">
    ${templates.map((template) => html`<label key=${template.template_id} class="builder-template">
      <input class="unseen" type="radio" name=${name} checked=${template.template_id === chosen} onChange=${() => choose(template)} />
      <${TemplateIcon} name=${template.icon} />
      <b>${template.title}</b><span>${template.summary}</span>
    </label>`)}
    ${children}
  </div>`;
}

/** A card that is none of them. @param {{ href: string, icon: import("../../icons.js").IconName, title: string, summary: string }} props */
export function Other({ href, icon, title, summary }) {
  return html`<a class="builder-template" href=${href}><${Icon} name=${icon} size=${28} /><b>${title}</b><span>${summary}</span></a>`;
}
