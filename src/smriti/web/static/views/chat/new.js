// A conversation that has not begun: with whom, and what to say first.
import { json, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Empty } from "../../components/empty.js";
import { go, link, route } from "../../router.js";
import { pages, resource } from "../../state/store.js";
import { openTalk } from "../../state/talk.js";
import { html, signal, useEffect, useMemo, useRef } from "../../vendor/preact.js";
import { Skeleton } from "../lazy.js";
import { Drop } from "./drop.js";
import { View as Greeting } from "./greeting.js";
import { NewComposer } from "./composer.js";

/** @import { Pages, Resource } from "../../state/store.js" */
/** @import { Agent, AttachmentUpload, Conversation } from "../../types.d.ts" */

export const title = "New chat";

/** Or somebody has gone elsewhere meanwhile. */
const isHere = () => ["", "new"].includes(route.peek().name);

/** @type {() => Pages<Conversation>} */
const conversations = () => pages("/conversations/");

/** @param {{ params: { agent?: string } }} props */
export function View({ params }) {
  /** @type {Resource<Agent[]>} */
  const agents = resource("/agents");
  const all = agents.data.value;
  const last = conversations().items.value?.[0]?.agent_id;
  if (!all) return html`<${Unloaded} agents=${agents} />`;
  const agent = [params.agent, last].map((id) => all.find(({ agent_id }) => agent_id === id)).find(Boolean) ?? all[0];
  return agent ? html`<${New} key=${agent.agent_id} agent=${agent} all=${all} />` : html`<${Nobody} />`;
}

/** @param {{ agents: Resource<Agent[]> }} props */
function Unloaded({ agents }) {
  const error = agents.error.value;
  if (!error) return html`<${Skeleton} />`;
  return html`<${Empty} icon="warning" title="Your agents could not be loaded" text=${sentence(error)}
    action=${html`<${Button} kind="primary" icon="retry" onClick=${() => agents.load()}>Try again<//>`} />`;
}

/** @param {{ agent: Agent, all: Agent[] }} props */
function New({ agent, all }) {
  const desk = useMemo(() => ({ files: signal(/** @type {import("./attachments.js").Attached[]} */ ([])) }), []);
  const begun = useRef(/** @type {Promise<Conversation> | undefined} */ (undefined));
  /** @param {string} text @param {AttachmentUpload[]} [files] */
  const say = async (text, files = []) => {
    begun.current ??= begin(agent);
    begun.current.catch(() => { begun.current = undefined; });
    const { conversation_id: id } = await begun.current;
    const asked = openTalk(id).send(text, files);
    if (isHere()) go(link("c", id), { replace: true });
    await asked;
  };
  return html`<div class="chat"><${Drop} desk=${desk}>
    <h1 class="unseen">New chat</h1>
    <div class="chat-list"><${Greeting} agent=${agent.agent_id} onSay=${say}>
      ${all.length > 1 && html`<${Choice} agent=${agent} all=${all} />`}
    <//></div>
    <${NewComposer} desk=${desk} agent=${agent} say=${say} />
  <//></div>`;
}

/** @param {Agent} agent @returns {Promise<Conversation>} */
async function begin({ agent_id }) {
  const begun = await json("/conversations/", { method: "POST", body: { agent_id } });
  openTalk(begun.conversation_id).about.set(begun);
  conversations().set([begun, ...(conversations().items.peek() ?? [])]);
  return begun;
}

/** @param {{ agent: Agent, all: Agent[] }} props */
function Choice({ agent, all }) {
  const choose = (/** @type {any} */ event) => go(link("new", event.currentTarget.value), { replace: true });
  return html`<label class="chat-choice"><span class="unseen">Talk with</span>
    <select value=${agent.agent_id} onChange=${choose}>
      ${all.map(({ agent_id, agent_name }) => html`<option key=${agent_id} value=${agent_id}>${agent_name}</option>`)}
    </select>
  </label>`;
}

/** Who has no agent makes the first one. */
function Nobody() {
  useEffect(() => { if (isHere()) go("#/welcome", { replace: true }); }, []);
  return html`<${Skeleton} />`;
}
