// What can be chosen, in groups; one of them is where the arrow keys are.
import { Icon } from "../../icons.js";
import { html, useEffect } from "../../vendor/preact.js";

/** @import { IconName } from "../../icons.js" */
/**
 * @typedef {{ id: string, icon: IconName, label: any, about?: any, aside?: any, href?: string, run?: () => unknown }} Choice
 * @typedef {{ name: string, choices: Choice[] }} Group
 */

/** @param {{ id: string, groups: Group[], current: string, choose: (choice: Choice) => void, point: (choice: Choice) => void }} props */
export function Options({ id, groups, current, choose, point }) {
  useEffect(() => document.getElementById(`${id}-${current}`)?.scrollIntoView({ block: "nearest" }), [id, current]);
  return html`<div class="search-list" role="listbox" id=${id} aria-label="What was found">
    ${groups.map(({ name, choices }, index) => html`<div key=${name} role="group" aria-labelledby=${`${id}-group-${index}`}>
      <p class="search-group" id=${`${id}-group-${index}`}>${name}</p>
      ${choices.map((choice) => html`<div key=${choice.id} id=${`${id}-${choice.id}`} class="search-option" role="option" aria-selected=${choice.id === current}
        onClick=${() => choose(choice)} onMouseMove=${() => { if (choice.id !== current) point(choice); }}>
        <${Icon} name=${choice.icon} size=${18} /><span class="search-words"><span class="search-label name">${choice.label}</span>${choice.about && html`<span class="search-about">${choice.about}</span>`}</span>
        ${choice.aside && html`<span class="meta">${choice.aside}</span>`}
      </div>`)}
    </div>`)}
  </div>`;
}
