// Agents to begin with, as cards of which one is chosen.
import { html, useId } from "../../vendor/preact.js";
import { TemplateIcon } from "./template-icon.js";

/** @import { AgentTemplate } from "../../types.d.ts" */

/** @param {{ templates: AgentTemplate[], chosen: string, choose: (template: AgentTemplate) => void }} props */
export function Gallery({ templates, chosen, choose }) {
  const name = useId();
  return html`<div class="builder-gallery" role="radiogroup" aria-label="Templates">
    ${templates.map((template) => html`<label key=${template.template_id} class="builder-template">
      <input class="unseen" type="radio" name=${name} checked=${template.template_id === chosen} onChange=${() => choose(template)} />
      <${TemplateIcon} name=${template.icon} />
      <b>${template.title}</b><span>${template.summary}</span>
    </label>`)}
  </div>`;
}
