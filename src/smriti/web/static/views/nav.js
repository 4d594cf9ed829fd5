// The column at the left: new chat, conversations, the other pages, whoever is signed in.
import { Button } from "../components/button.js";
import { Menu } from "../components/menu.js";
import { Meter } from "../components/meter.js";
import { Icon, Mark } from "../icons.js";
import { link, panels, route, routes } from "../router.js";
import { me, signOut } from "../state/session.js";
import { resource } from "../state/store.js";
import { theme } from "../state/theme.js";
import { html } from "../vendor/preact.js";
import { Lazy } from "./lazy.js";

/** @import { IconName } from "../icons.js" */
/** @import { Resource } from "../state/store.js" */
/** @import { UsageSummary } from "../types.d.ts" */

/** @type {{ name: string, label: string, icon: IconName }[]} */
const PLACES = [
  { name: "agents", label: "Agents", icon: "agent" },
  { name: "memory", label: "Memory", icon: "memory" },
  { name: "devices", label: "Devices", icon: "device" },
  { name: "models", label: "Models", icon: "model" },
  { name: "plan", label: "Plan and usage", icon: "plan" },
];
const NEARLY = 0.8;

const exists = (/** @type {string} */ name) => name in routes;

/** @param {{ onSearch?: () => void, onHelp: () => void, onClose: () => void }} props */
export function Nav({ onSearch, onHelp, onClose }) {
  const keys = (/** @type {KeyboardEvent} */ { key }) => { if (key === "Escape") onClose(); };
  return html`<nav class="nav" aria-label="Smriti" onKeyDown=${keys}>
    <header class="nav-head">
      <a class="brand" href="#/"><${Mark} /><span>Smriti</span></a>
      ${onSearch && html`<${Button} kind="quiet" icon="search" label="Search" onClick=${onSearch} />`}
      <${Button} kind="quiet nav-close" icon="close" label="Close the navigation" onClick=${onClose} />
    </header>
    ${exists("new/:agent") && html`<a class="button new-chat" href="#/new"><${Icon} name="plus" /><span>New chat</span></a>`}
    <div class="nav-list">
      ${panels.conversations && html`<${Lazy} load=${panels.conversations} />`}
    </div>
    <ul class="nav-places">
      ${PLACES.filter(({ name }) => exists(name)).map((place) => html`<${Place} key=${place.name} ...${place} />`)}
    </ul>
    <${NearLimit} />
    <${Person} onHelp=${onHelp} />
  </nav>`;
}

/** @param {{ name: string, label: string, icon: IconName }} props */
function Place({ name, label, icon }) {
  const isHere = route.value.name.split("/")[0] === name;
  return html`<li><a class="nav-row" href=${link(name)} aria-current=${isHere ? "page" : undefined}>
    <${Icon} name=${icon} /><span>${label}</span>
  </a></li>`;
}

/** Messages of this month, once they are nearly used. */
function NearLimit() {
  /** @type {Resource<UsageSummary>} */
  const kept = resource("/usage");
  const usage = kept.data.value;
  const limit = usage?.enforced ? usage.limits.messages : 0;
  if (!usage || !limit || usage.used.messages < limit * NEARLY) return null;
  return html`<a class="nav-meter" href="#/plan">
    <${Meter} label="Messages" value=${usage.used.messages} limit=${limit} resetsAt=${usage.resets_at} />
  </a>`;
}

/** @param {{ onHelp: () => void }} props */
function Person({ onHelp }) {
  const name = me.value?.name || me.value?.email || "";
  /** @type {import("../components/menu.js").Item[]} */
  const places = [
    { label: "Account", icon: "account", href: link("account") },
    { label: "API keys", icon: "key", href: link("keys") },
  ];
  /** @type {{ value: import("../state/theme.js").Theme, label: string, icon: IconName }[]} */
  const themes = [
    { value: "system", label: "As the system has it", icon: "device" },
    { value: "light", label: "Light", icon: "sun" },
    { value: "dark", label: "Dark", icon: "moon" },
  ];
  const items = [
    ...places.filter(({ href }) => exists(href?.slice(2) ?? "")),
    ...themes.map(({ value, label, icon }) => (
      { label, icon, checked: theme.value === value, run: () => { theme.value = value; } })),
    { label: "Keyboard and help", icon: "info", run: onHelp },
    { label: "Sign out", icon: "leave", run: signOut },
  ];
  return html`<div class="nav-person"><${Menu} label="Your account and this page" items=${items} up>
    <span class="initial" aria-hidden="true">${[...name][0]?.toUpperCase()}</span><span class="name">${name}</span>
  <//></div>`;
}
