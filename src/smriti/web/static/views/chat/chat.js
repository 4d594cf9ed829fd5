// One conversation: its head, what was said, and the composer.
import { Refused, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Drop } from "./drop.js";
import { Icon } from "../../icons.js";
import { link, panels, routes } from "../../router.js";
import { useShortcut } from "../../state/keys.js";
import { resource } from "../../state/store.js";
import { openTalk } from "../../state/talk.js";
import { html, signal, useCallback, useEffect, useLayoutEffect, useMemo } from "../../vendor/preact.js";
import { Lazy, Skeleton } from "../lazy.js";
import { Composer } from "./composer.js";
import { Messages } from "./messages.js";
import { Actions } from "./rename.js";

/** @import { Signal } from "../../vendor/preact.js" */
/** @import { Resource } from "../../state/store.js" */
/** @import { Talk } from "../../state/talk.js" */
/** @import { Agent } from "../../types.d.ts" */
/** @typedef {{ talk: Talk, editing: Signal<string>, files: Signal<import("./attachments.js").Attached[]> }} Desk what the parts of a chat share */

export const title = "Chat";

const greeting = () => import("./greeting.js");

/** Whether the memory is beside the chat; it stays so from one to the next, but does not begin by covering it. */
const withMemory = signal(localStorage.getItem("memory") === "open" && matchMedia("(min-width: 68.75em)").matches);

/** @param {{ params: { conversation: string }, query: URLSearchParams }} props */
export function View({ params, query }) {
  return html`<${Chat} key=${params.conversation} id=${params.conversation} message=${query.get("m") ?? ""} />`;
}

/** @param {{ id: string, message: string }} props */
function Chat({ id, message }) {
  const talk = openTalk(id);
  /** @type {Desk} */
  const desk = useMemo(() => ({ talk, editing: signal(""), files: signal([]) }), []);
  useLayoutEffect(() => talk.watch(), []);
  const toggle = useCallback(() => {
    withMemory.value = !withMemory.peek();
    localStorage.setItem("memory", withMemory.peek() ? "open" : "closed");
  }, []);
  useShortcut("mod+.", "Show or hide the memory", toggle);
  if (talk.problem.value && !talk.isLoaded.value && !talk.rows.value.length) return html`<${Missing} error=${talk.problem.value} talk=${talk} />`;
  const beside = panels.memory && withMemory.value;
  return html`<div class=${beside ? "chat chat-beside" : "chat"}>
    <${Drop} desk=${desk}>
      <${Head} talk=${talk} onMemory=${toggle} />
      <${Said} desk=${desk} message=${message} />
      <${Composer} desk=${desk} />
    <//>
    ${beside && html`<div class="chat-side"><${Lazy} load=${panels.memory} props=${{ talk, onClose: toggle }} /></div>`}
  </div>`;
}

/** @param {{ talk: Talk, onMemory: () => void }} props */
function Head({ talk, onMemory }) {
  const about = talk.about.data.value;
  useEffect(() => { if (about) document.title = `${about.title} · Smriti`; }, [about?.title]);
  return html`<header class="chat-head">
    <div class="chat-title"><h1 class="name">${about?.title ?? "\u00a0"}</h1><${With} id=${talk.agent.value} /></div>
    ${"context/:conversation" in routes && html`<a class="button quiet icon-only" href=${link("context", talk.conversation)}
      aria-label="What the model sees" title="What the model sees"><${Icon} name="context" /></a>`}
    ${panels.memory && html`<${Button} kind="quiet" icon="memory" label="Memory" aria-pressed=${withMemory.value} onClick=${onMemory} />`}
    ${about && html`<${Actions} conversation=${about} />`}
  </header>`;
}

/** Whom one talks with. @param {{ id: string }} props */
function With({ id }) {
  /** @type {Resource<Agent[]>} */
  const agents = resource("/agents");
  const agent = agents.data.value?.find(({ agent_id }) => agent_id === id);
  if (!agent) return null;
  const name = html`<span class="name">${agent.agent_name}</span>`;
  return "agents/:agent" in routes ? html`<a class="chat-with" href=${link("agents", id)}>${name}</a>` : html`<span class="chat-with">${name}</span>`;
}

/** @param {{ desk: Desk, message: string }} props */
function Said({ desk, message }) {
  const { talk } = desk;
  if (talk.rows.value.length) return html`<${Messages} desk=${desk} message=${message} />`;
  if (!talk.isLoaded.value) return html`<div class="chat-list"><${Skeleton} lines=${5} /></div>`;
  const onSay = (/** @type {string} */ text) => talk.send(text);
  return html`<div class="chat-list"><${Lazy} load=${greeting} props=${{ agent: talk.agent.value, onSay }} /></div>`;
}

/** @param {{ error: unknown, talk: Talk }} props */
function Missing({ error, talk }) {
  if (error instanceof Refused && error.status === 404) {
    return html`<section class="empty">
      <h1>This conversation is not here</h1>
      <p>It was deleted, or it belongs to somebody else.</p>
      <a class="button primary" href="#/new">Begin a new chat</a>
    </section>`;
  }
  return html`<section class="empty" role="alert">
    <h1>The conversation could not be loaded</h1>
    <p>${sentence(error)}</p>
    <${Button} kind="primary" icon="retry" onClick=${() => talk.sync()}>Try again<//>
  </section>`;
}
