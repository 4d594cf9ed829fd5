// All blocks of an agent, and the form of a new one.
import { json, Refused, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { notify } from "../../components/notices.js";
import { changed, resource } from "../../state/store.js";
import { html, useId, useState } from "../../vendor/preact.js";
import { Skeleton } from "../lazy.js";
import { Block } from "./block.js";
import { useFirst } from "./focus.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { BlockView } from "../../types.d.ts" */

const WORD_LIMIT = 5000;

/** @param {string} agent */
export const blocksPath = (agent) => `/agents/${encodeURIComponent(agent)}/memory-blocks`;

/** @param {{ agent: string, turn?: string | null, only?: string }} props `turn` as a block has it */
export function Blocks({ agent, turn, only }) {
  /** @type {Resource<BlockView[]>} */
  const kept = resource(blocksPath(agent));
  const all = kept.data.value;
  if (!all && !kept.error.value) return html`<${Skeleton} lines=${6} />`;
  if (!all) return html`<p class="problem" role="alert">${sentence(kept.error.value)}</p>`;
  const shown = only === undefined ? all : all.filter(({ block_name: name }) => name === only);
  if (!shown.length) return html`<p class="muted">There is no block of this name; it may have been deleted.</p>`;
  return html`<div class="memory-blocks">
    ${shown.map((block) => html`<${Block} key=${`${agent}/${block.block_name}`} agent=${agent} block=${block} turn=${turn} />`)}
  </div>`;
}

/** @param {{ agent: string, label?: boolean }} props `label`: with a word beside its icon */
export function NewBlock({ agent, label = false }) {
  const [open, setOpen] = useState(false);
  return html`<${Button} kind=${label ? "plain" : "quiet"} icon="plus" ...${label ? {} : { label: "New block" }} onClick=${() => setOpen(true)}>${label && "New block"}<//>
    <${Dialog} open=${open} title="New block" onClose=${() => setOpen(false)}><${Form} agent=${agent} onDone=${() => setOpen(false)} /><//>`;
}

/** @param {{ agent: string, onDone: () => void }} props */
function Form({ agent, onDone }) {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {any} */ event) => {
    event.preventDefault();
    const { name, description, limit } = Object.fromEntries(new FormData(event.target));
    setBusy(true);
    try {
      await json(blocksPath(agent), { method: "POST", body: { name, description, word_limit: Number(limit) } });
      changed(blocksPath(agent));
      notify(`The block ${name} is there; your agent sees it from its next answer on.`, { tone: "good" });
      onDone();
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  const shape = (/** @type {any} */ { target }) => {
    target.value = target.value.toLowerCase().replace(/[\s-]+/g, "_").replace(/[^a-z0-9_]|^[0-9_]+/g, "");
  };
  return html`<form class="stack" onSubmit=${submit}>
    <p class="muted">A block is a page of short lines that stands in every prompt of your agent. Give it what belongs together: projects, people, house rules.</p>
    <${Field} error=${error} name="name" label="Name" hint="Small letters, digits and _" maxlength="50" autocomplete="off" spellcheck=${false} onInput=${shape} first=${useFirst()} />
    <${Field} error=${error} name="description" label="What it is for" hint="Your agent reads this when it decides where a fact belongs." maxlength="200" autocomplete="off" />
    <${Field} error=${error} name="limit" sentAs="word_limit" label="Words at most" type="number" min="100" max="50000" value=${WORD_LIMIT} />
    <footer class="actions"><${Button} onClick=${onDone}>Cancel<//><${Button} type="submit" kind="primary" busy=${busy}>Make the block<//></footer>
    ${error && !fieldOf(error) ? html`<p class="problem" role="alert">${sentence(error)}</p>` : null}
  </form>`;
}

/** Which field is to blame. @param {unknown} error */
function fieldOf(error) {
  if (!(error instanceof Refused)) return undefined;
  return error.slug === "memory-block-exists" ? "name" : error.errors[0]?.loc.at(-1);
}

/** @param {{ error: unknown, name: string, label: string, sentAs?: string, hint?: string, first?: { current: HTMLElement | null } } & Record<string, unknown>} props */
function Field({ error, name, label, sentAs = name, hint, first, ...rest }) {
  const id = useId();
  const wrong = fieldOf(error) === sentAs ? sentence(error) : "";
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input ref=${first} id=${id} name=${name} required aria-invalid=${wrong ? "true" : undefined} aria-describedby=${`${id}-about`} ...${rest} />
    <p id=${`${id}-about`} class=${wrong ? "wrong" : "hint"}>${wrong || hint}</p>
  </div>`;
}
