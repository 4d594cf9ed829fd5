// What can be done with a conversation: another title, or the end.
import { json, request, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { Menu } from "../../components/menu.js";
import { notify } from "../../components/notices.js";
import { go, route } from "../../router.js";
import { changed, pages, resource } from "../../state/store.js";
import { html, signal, useState } from "../../vendor/preact.js";

/** @import { Signal } from "../../vendor/preact.js" */
/** @import { Pages, Resource } from "../../state/store.js" */
/** @import { Conversation } from "../../types.d.ts" */

const UNDO_MS = 5000;

/** Those that will be deleted in a moment. @type {Signal<Set<string>>} */
export const leaving = signal(new Set());

/** @param {{ conversation: Conversation }} props */
export function Actions({ conversation }) {
  const [open, setOpen] = useState(false);
  /** @type {import("../../components/menu.js").Item[]} */
  const items = [
    { label: "Rename", icon: "edit", run: () => setOpen(true) },
    { label: "Delete", icon: "trash", danger: true, run: () => remove(conversation) },
  ];
  return html`<${Menu} label="Rename or delete" items=${items} />
    ${open && html`<${Dialog} open title="Rename the conversation" onClose=${() => setOpen(false)}>
      <${Rename} conversation=${conversation} onDone=${() => setOpen(false)} />
    <//>`}`;
}

/** @param {{ conversation: Conversation, onDone: () => void }} props */
function Rename({ conversation, onDone }) {
  const [text, setText] = useState(conversation.title);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    onDone();
    if (text.trim() && text !== conversation.title) rename(conversation, text.trim());
  };
  return html`<form class="stack" onSubmit=${submit}>
    <label class="field"><span>Title</span>
      <input value=${text} maxlength="200" onFocus=${(/** @type {any} */ event) => event.currentTarget.select()}
        onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)} />
    </label>
    <footer class="actions"><${Button} onClick=${onDone}>Cancel<//><${Button} type="submit" kind="primary">Rename<//></footer>
  </form>`;
}

/** @param {Conversation} conversation @param {string} title */
async function rename(conversation, title) {
  const path = `/conversations/${conversation.conversation_id}`;
  show({ ...conversation, title });
  try {
    await json(path, { method: "PUT", body: { title } });
  } catch (error) {
    show(conversation);
    notify(sentence(error), { tone: "bad" });
  }
  changed("/conversations/");
}

/** As the server will say it in a moment. @param {Conversation} one */
function show(one) {
  /** @type {Pages<Conversation>} */
  const list = pages("/conversations/");
  /** @type {Resource<Conversation>} */
  const kept = resource(`/conversations/${one.conversation_id}`);
  kept.set(one);
  list.set((list.items.peek() ?? []).map((other) => (other.conversation_id === one.conversation_id ? one : other)));
}

/** Gone at once; the server hears of it when it cannot be undone any more. @param {Conversation} conversation */
function remove({ conversation_id: id, title }) {
  const mark = (/** @type {boolean} */ is) => {
    const others = [...leaving.peek()].filter((other) => other !== id);
    leaving.value = new Set(is ? [...others, id] : others);
  };
  const here = location.hash;
  const wasOpen = route.peek().params.conversation === id;
  mark(true);
  if (wasOpen) go("#/new", { replace: true });
  const timer = setTimeout(async () => {
    await request(`/conversations/${id}`, { method: "DELETE" }).catch((error) => notify(sentence(error), { tone: "bad" }));
    changed("/conversations/");
    mark(false);
  }, UNDO_MS);
  const undo = () => {
    clearTimeout(timer);
    mark(false);
    if (wasOpen) go(here);
  };
  notify(`“${title}” is deleted, with all that was said in it.`, { undo });
}
