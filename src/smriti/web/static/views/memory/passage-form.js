// The form of a passage: a new one, or one that is changed.
import { json, request, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { notify } from "../../components/notices.js";
import { tell } from "../../state/tabs.js";
import { html, useId, useState } from "../../vendor/preact.js";
import { useFirst } from "./focus.js";
import { archivePath } from "./passages.js";

/** @import { ArchivalMemory } from "../../types.d.ts" */

export const MOST_CHARACTERS = 100000;

/** @param {string} text with commas */
export const tagsIn = (text) => [...new Set(text.split(",").map((tag) => tag.trim()).filter(Boolean))];

/** @param {{ agent: string, passage?: ArchivalMemory, onDone: (passage: ArchivalMemory) => void, onCancel?: () => void }} props */
export function PassageForm({ agent, passage, onDone, onCancel }) {
  const id = useId();
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);
  const text = useFirst();
  const submit = async (/** @type {any} */ event) => {
    event.preventDefault();
    const { content, tags } = Object.fromEntries(new FormData(event.target));
    const values = { content: String(content), tags: tagsIn(String(tags)) };
    setBusy(true);
    try {
      onDone(await (passage ? changedTo(agent, passage, values) : added(agent, values)));
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && onCancel) onCancel();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) /** @type {HTMLFormElement} */ (event.currentTarget).requestSubmit();
  };
  return html`<form class="stack" onKeyDown=${keys} onSubmit=${submit}>
    <div class="field"><label for=${`${id}-text`}>Passage</label>
      <textarea ref=${text} id=${`${id}-text`} name="content" rows="5" required maxlength=${MOST_CHARACTERS} aria-describedby=${`${id}-hint`}>${passage?.content}</textarea>
      <p class="hint" id=${`${id}-hint`}>One subject a passage, to be understood by itself; the main thing first.</p></div>
    <div class="field"><label for=${`${id}-tags`}>Tags, with commas between</label>
      <input id=${`${id}-tags`} name="tags" autocomplete="off" value=${passage?.tags.join(", ")} /></div>
    ${error ? html`<p class="problem" role="alert">${sentence(error)}</p>` : null}
    <footer class="actions">
      ${onCancel && html`<${Button} onClick=${onCancel}>Cancel<//>`}
      <${Button} type="submit" kind="primary" busy=${busy}>${passage ? "Save the passage" : "Add the passage"}<//>
    </footer>
  </form>`;
}

/** @param {string} agent @param {{ content: string, tags: string[] }} values @returns {Promise<ArchivalMemory>} */
async function added(agent, values) {
  const answer = await request(archivePath(agent), { method: "POST", body: values });
  tell({ kind: "changed", prefixes: [archivePath(agent)] });
  notify(answer.status === 200 ? "This text is in the archive already." : "The passage is in the archive.", { tone: "good" });
  return answer.json();
}

/** @param {string} agent @param {ArchivalMemory} passage @param {{ content: string, tags: string[] }} values @returns {Promise<ArchivalMemory>} */
const changedTo = (agent, passage, values) =>
  json(`${archivePath(agent)}/${encodeURIComponent(passage.memory_id)}`, { method: "PATCH", body: values });
