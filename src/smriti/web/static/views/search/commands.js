// Pages and actions, by their names; nothing is asked of the server.
import { link, routes } from "../../router.js";
import { signOut } from "../../state/session.js";
import { pages, resource } from "../../state/store.js";
import { theme } from "../../state/theme.js";

/** @import { IconName } from "../../icons.js" */
/** @import { Pages, Resource } from "../../state/store.js" */
/** @import { Theme } from "../../state/theme.js" */
/** @import { Agent, Conversation } from "../../types.d.ts" */
/** @import { Choice, Group } from "./options.js" */
/** @typedef {Choice & { label: string, words?: string }} Command `words`: by which it is found, too */

const RECENT = 5;
/** @type {{ name: string, label: string, icon: IconName, words: string }[]} */
const PLACES = [
  { name: "agents", label: "Agents", icon: "agent", words: "builder personality" },
  { name: "agents/new", label: "Make an agent", icon: "plus", words: "new create" },
  { name: "devices", label: "Devices", icon: "device", words: "machines tasks connect" },
  { name: "models", label: "Models", icon: "model", words: "settings providers openai ollama anthropic" },
  { name: "plan", label: "Plan and usage", icon: "plan", words: "limits pricing upgrade invoices billing" },
  { name: "keys", label: "API keys", icon: "key", words: "programs tokens" },
  { name: "account", label: "Account", icon: "account", words: "password export import delete" },
];
/** @type {{ value: Theme, label: string, icon: IconName }[]} */
const THEMES = [
  { value: "light", label: "Light colours", icon: "sun" },
  { value: "dark", label: "Dark colours", icon: "moon" },
  { value: "system", label: "Colours as the system has them", icon: "device" },
];

/** @param {string} query @param {number} most @returns {Group[]} without a query: where you were last, and everywhere to go */
export function useCommands(query, most) {
  /** @type {Resource<Agent[]>} */
  const agents = resource("/agents");
  /** @type {Pages<Conversation>} */
  const talks = pages("/conversations/");
  if (!query.trim()) return [group("Recent", recent(talks.items.value ?? [])), group("Go to", places())].filter((one) => one.choices.length);
  const all = [...places(), ...(agents.data.value ?? []).flatMap(ofAgent), ...actions()];
  const found = all.filter((command) => matches(command, query)).slice(0, most);
  return found.length ? [group("Pages and actions", found)] : [];
}

/** @param {string} name @param {Command[]} choices @returns {Group} */
const group = (name, choices) => ({ name, choices });

/** Every word begins one of the command's. @param {Command} command @param {string} query */
function matches({ label, words = "" }, query) {
  const known = `${label} ${words}`.toLowerCase().split(/\s+/);
  return query.toLowerCase().split(/\s+/).filter(Boolean).every((word) => known.some((each) => each.startsWith(word)));
}

/** @returns {Command[]} */
function places() {
  return PLACES.filter(({ name }) => name in routes).map(({ name, ...rest }) => ({ id: `page-${name}`, href: `#/${name}`, ...rest }));
}

/** @param {Conversation[]} talks @returns {Command[]} */
function recent(talks) {
  if (!("c/:conversation" in routes)) return [];
  return talks.slice(0, RECENT).map(({ conversation_id: id, title }) => ({ id: `talk-${id}`, label: title, icon: "chat", href: link("c", id) }));
}

/** @param {Agent} agent @returns {Command[]} */
function ofAgent({ agent_id: id, agent_name: name }) {
  /** @type {(Command & { needs: string })[]} */
  const all = [
    { needs: "new/:agent", id: `new-${id}`, label: `New chat with ${name}`, icon: "plus", words: "talk ask", href: link("new", id) },
    { needs: "memory/:agent", id: `memory-${id}`, label: `Memory of ${name}`, icon: "memory", words: "blocks archive", href: link("memory", id) },
  ];
  return all.filter(({ needs }) => needs in routes);
}

/** @returns {Command[]} */
function actions() {
  return [
    ...THEMES.map(({ value, label, icon }) => ({ id: `theme-${value}`, label, icon, words: "theme appearance scheme", run: () => { theme.value = value; } })),
    { id: "sign-out", label: "Sign out", icon: "leave", words: "log out leave", run: signOut },
  ];
}
