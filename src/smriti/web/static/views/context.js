// What the model would see if you asked now, and how its window is spent.
import { Copy } from "../components/copy.js";
import { Fold } from "../components/fold.js";
import { link } from "../router.js";
import { draftOf } from "../state/drafts.js";
import { resource } from "../state/store.js";
import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { Awaited, Field } from "./devices/parts.js";
import { Window } from "./context-window.js";

/** @import { Resource } from "../state/store.js" */
/** @import { Context, ContextMessage, Conversation, SummaryView } from "../types.d.ts" */

const TYPING_MS = 400;
const BRIEF = 100;

export const title = "What the model sees";

/** @param {{ params: { conversation: string } }} props */
export function View({ params }) {
  const path = `/conversations/${encodeURIComponent(params.conversation)}`;
  const [question, setQuestion] = useState(() => draftOf(params.conversation));
  /** @type {Resource<Context>} */
  const kept = resource(`${path}/context${useSettled(question)}`);
  /** @type {Resource<Conversation>} */
  const conversation = resource(path);
  const before = useRef(/** @type {Context | undefined} */ (undefined));
  const context = kept.data.value ?? before.current;
  before.current = context;
  if (!context) return html`<${Awaited} of=${kept} missing=${html`<${Missing} />`} />`;
  return html`<div class="page context">
    <header><div><h1>What the model sees</h1>
      <p class="meta"><a class="name" href=${link("c", params.conversation)}>${conversation.data.value?.title ?? "The conversation"}</a> · <span class="name">${context.model}</span></p></div></header>
    <${Field} name="If you asked this now" hint="Nothing is asked. Tokens are estimated, rather too many than too few.">${(/** @type {object} */ ties) => html`
      <input ...${ties} maxlength="4000" placeholder="Type a question to see what it would bring along" value=${question} onInput=${(/** @type {any} */ event) => setQuestion(event.currentTarget.value)} />`}<//>
    <${Window} tokens=${context.tokens} />
    <section class="stack" aria-labelledby="system"><header class="row"><h2 id="system">System prompt</h2><${Copy} text=${context.system} label="Copy the system prompt" /></header>
      <pre class="context-text" tabindex="0" aria-labelledby="system">${context.system}</pre></section>
    <${Tools} names=${context.tools} />
    ${context.summary && html`<${Summary} summary=${context.summary} />`}
    <${Messages} messages=${context.messages} />
  </div>`;
}

function Missing() {
  return html`<section class="empty"><h1>There is no such conversation</h1><p>It may have been deleted, or the link is not whole.</p>
    <a class="button primary" href="#/">Go to the start</a></section>`;
}

/** The question once typing has paused, for an address. @param {string} question */
function useSettled(question) {
  const [settled, setSettled] = useState(question.trim());
  useEffect(() => {
    const timer = setTimeout(() => setSettled(question.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [question]);
  return settled ? `?${new URLSearchParams({ question: settled })}` : "";
}

/** @param {{ names: string[] }} props */
function Tools({ names }) {
  return html`<section class="stack" aria-labelledby="tools"><h2 id="tools">Tools</h2>
    ${names.length ? html`<ul class="row context-names">${names.map((name) => html`<li key=${name}><code class="name">${name}</code></li>`)}</ul>` : html`<p class="muted">None: this agent only talks.</p>`}
  </section>`;
}

/** @param {{ summary: SummaryView }} props */
function Summary({ summary }) {
  return html`<section class="stack" aria-labelledby="summary"><h2 id="summary">Summary</h2>
    <p class="meta">In place of the ${summary.messages.toLocaleString()} oldest messages, up to ${new Date(summary.upto_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}.</p>
    <p class="context-text">${summary.text}</p></section>`;
}

/** @param {{ messages: ContextMessage[] }} props */
function Messages({ messages }) {
  return html`<section class="stack" aria-labelledby="messages"><h2 id="messages">Messages</h2>
    ${messages.length ? html`<ol class="context-messages">${messages.map((message, at) => html`<${Said} key=${at} message=${message} />`)}</ol>` : html`<p class="muted">Nothing has been said yet.</p>`}
  </section>`;
}

/** @param {{ message: ContextMessage }} props */
function Said({ message: { role, text, tools, tokens } }) {
  const brief = text.slice(0, BRIEF + 1).replace(/\s+/g, " ") || tools.join(", ");
  const head = html`<b>${role}</b><span class="fold-brief name">${brief}</span><span class="fold-state figure">${tokens.toLocaleString()} tokens</span>`;
  return html`<li><${Fold} head=${head}><div class="fold-inside">
    ${text && html`<p class="steps-text name">${text}</p>`}
    ${tools.length > 0 && html`<p class="meta">Called <span class="name">${tools.join(", ")}</span>.</p>`}
  </div><//></li>`;
}
