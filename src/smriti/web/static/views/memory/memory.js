// The memory of an agent as a page of its own: its blocks.
import { Icon } from "../../icons.js";
import { go, link, routes } from "../../router.js";
import { pages } from "../../state/store.js";
import { html, useEffect } from "../../vendor/preact.js";
import { Skeleton } from "../lazy.js";
import { Blocks, NewBlock } from "./blocks.js";
import { agentOf, agents } from "./names.js";

/** @import { Pages } from "../../state/store.js" */
/** @import { Conversation } from "../../types.d.ts" */

const REMEMBERS = "krishna-memgpt";

/** @param {{ params: Record<string, string> }} place */
export const title = ({ params }) => titled("Memory", params.agent);

/** @param {{ params: Record<string, string> }} props */
export function View({ params: { agent, block } }) {
  if (agent === undefined) return html`<${Somebody} />`;
  return html`<${Framed} agent=${agent} here=${block === undefined ? "blocks" : "block"} actions=${html`<${NewBlock} agent=${agent} label />`}>
    ${block === undefined
      ? html`<p class="muted">These lines stand in every prompt of your agent. It writes them while you talk; you can correct them here. Marked is what the last turn that touched a block has changed.</p>`
      : html`<p><a href=${link("memory", agent)}>All blocks</a></p>`}
    <${Blocks} agent=${agent} only=${block} />
  <//>`;
}

/** What both pages of an agent's memory have around them. @param {{ agent: string, here: "blocks" | "block" | "archive", actions?: any, children?: any }} props */
export function Framed({ agent: id, here, actions, children }) {
  const agent = agentOf(id);
  if (agent === null) return html`<${Missing} />`;
  return html`<div class="page memory-page">
    <header><${Title} what=${here === "archive" ? "Archive" : "Memory"} name=${agent?.agent_name} /><div class="row">${actions}</div></header>
    <${Tabs} id=${id} here=${here} />
    ${agent && agent.agent_architecture !== REMEMBERS && html`<p class="problem">This agent works without a memory of its own: what stands here is not shown to it.</p>`}
    ${agent || agents.error.value ? children : html`<${Skeleton} lines=${6} />`}
  </div>`;
}

/** @param {string} what @param {string} [id] of an agent */
export function titled(what, id = "") {
  const name = agentOf(id)?.agent_name;
  return name ? `${what} of ${name}` : what;
}

/** @param {{ what: string, name?: string }} props */
function Title({ what, name }) {
  useEffect(() => { if (name) document.title = `${what} of ${name} · Smriti`; }, [what, name]);
  return html`<h1>${what}${name && html` of <span class="name">${name}</span>`}</h1>`;
}

/** @param {{ id: string, here: string }} props */
function Tabs({ id, here }) {
  return html`<nav class="memory-tabs" aria-label="Memory">
      <a href=${link("memory", id)} aria-current=${here === "blocks" ? "page" : undefined}><${Icon} name="memory" size=${18} />Blocks</a>
      <a href=${link("memory", id, "archive")} aria-current=${here === "archive" ? "page" : undefined}><${Icon} name="archive" size=${18} />Archive</a>
      ${"new/:agent" in routes && html`<a href=${link("new", id)}><${Icon} name="chat" size=${18} />Talk</a>`}
      <${Others} here=${id} archive=${here === "archive"} />
    </nav>`;
}

/** The memories of the other agents. @param {{ here: string, archive: boolean }} props */
function Others({ here, archive }) {
  const all = agents.data.value ?? [];
  if (all.length < 2) return null;
  const choose = (/** @type {any} */ { target }) => go(link("memory", target.value, ...(archive ? ["archive"] : [])));
  return html`<select aria-label="Agent" value=${here} onChange=${choose}>
    ${all.map(({ agent_id: id, agent_name: name }) => html`<option key=${id} value=${id}>${name}</option>`)}
  </select>`;
}

/** The memory of the agent that was talked with last. */
function Somebody() {
  const last = useLast();
  useEffect(() => { if (last) go(link("memory", last), { replace: true }); }, [last]);
  if (last !== null) return html`<${Skeleton} lines=${6} />`;
  return html`<section class="empty"><h1>Memory</h1>
    <p>Here you see what your agents remember of you, and correct it. Make an agent first; then tell it, for example, “I live in Lisbon”.</p>
    <a class="button primary" href=${"agents/new" in routes ? link("agents", "new") : "#/"}>Make an agent</a></section>`;
}

/** Whom the newest conversation is with, else the first agent; undefined until that is known, null for nobody. */
function useLast() {
  /** @type {Pages<Conversation>} */
  const conversations = pages("/conversations/");
  const all = agents.data.value;
  const talked = conversations.items.value;
  if (!all || !(talked || conversations.error.value)) return undefined;
  const last = talked?.find(({ agent_id: id }) => agentOf(id)) ?? all[0];
  return last?.agent_id ?? null;
}

function Missing() {
  return html`<section class="empty"><h1>There is no such agent</h1>
    <p>It may have been deleted, and its memory with it.</p>
    <a class="button primary" href="#/">Go to the start</a></section>`;
}
