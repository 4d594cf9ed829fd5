// Where one writes: Enter sends, Shift-Enter begins a line, Escape stops the answer.
import { Refused, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { size } from "../../components/file.js";
import { isChoosing } from "../../components/menu.js";
import { announce, notify } from "../../components/notices.js";
import { Icon } from "../../icons.js";
import { draftOf, keepDraft } from "../../state/drafts.js";
import { resource } from "../../state/store.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { attach } from "./drop.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent, AttachmentUpload } from "../../types.d.ts" */
/** @import { Desk } from "./chat.js" */
/** @import { Tray } from "./drop.js" */
/**
 * @typedef {object} FormProps
 * @property {Tray} tray
 * @property {string} draft the name under which the draft is kept
 * @property {string} name of the agent
 * @property {(text: string, files: AttachmentUpload[]) => Promise<unknown>} say
 * @property {() => void} [onLast] when the one before shall be edited
 * @property {() => Promise<unknown>} [onStop] while an answer is given
 * @property {boolean} [canStop]
 */

/** @param {{ desk: Desk }} props */
export function Composer({ desk }) {
  const { talk } = desk;
  /** @type {Resource<Agent[]>} */
  const agents = resource("/agents");
  const name = agents.data.value?.find(({ agent_id }) => agent_id === talk.agent.value)?.agent_name ?? "your agent";
  const stop = async () => {
    await talk.stop();
    announce("Stopped.");
  };
  return html`<div class="chat-composer">
    <p class="chat-notice meta" role="status">${talk.notice.value}</p>
    <${Form} tray=${desk} draft=${talk.conversation} name=${name} say=${(/** @type {string} */ text, /** @type {AttachmentUpload[]} */ files) => talk.send(text, files)}
      onLast=${() => editLast(desk)} onStop=${talk.isBusy.value ? stop : undefined} canStop=${talk.turn.value !== null} />
  </div>`;
}

/** @param {{ desk: Tray, agent: Agent, say: FormProps["say"] }} props */
export function NewComposer({ desk, agent, say }) {
  return html`<div class="chat-composer">
    <${Form} tray=${desk} draft=${`new:${agent.agent_id}`} name=${agent.agent_name} say=${say} />
  </div>`;
}

const isTouched = () => matchMedia("(pointer: coarse)").matches;

/** @param {Desk} desk */
function editLast({ talk, editing }) {
  const last = talk.rows.peek().findLast(({ role }) => role === "user");
  if (last?.id && !talk.isBusy.peek()) editing.value = last.key;
}

/** @param {FormProps} props */
function Form({ tray, draft, name, say, onLast, onStop, canStop = false }) {
  const [text, setText] = useState(() => draftOf(draft));
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const write = (/** @type {string} */ now) => {
    setText(now);
    keepDraft(draft, now);
  };
  useEffect(() => { if (!isTouched() && !isChoosing()) area.current?.focus(); }, []); // touched, it would open a keyboard
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const files = tray.files.peek();
    if (!text.trim() && !files.length) return;
    setProblem(null);
    write("");
    tray.files.value = [];
    area.current?.focus();
    try {
      await say(text, files);
    } catch (error) {
      setProblem(error);
      if (!area.current?.value) write(text);
      if (!tray.files.peek().length) tray.files.value = files;
    }
  };
  const keys = useKeys({ text, submit, onLast, onStop: canStop ? onStop : undefined });
  const paste = (/** @type {ClipboardEvent} */ event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    attach(tray, files);
  };
  return html`<form class="chat-form" onSubmit=${submit}>
    <${Problem} error=${problem} />
    <${Attached} tray=${tray} />
    <div class="chat-box">
      <${Choose} tray=${tray} />
      <textarea ref=${area} rows="1" aria-label="Message" placeholder=${`Message ${name}`} value=${text} onPaste=${paste} onKeyDown=${keys}
        onInput=${(/** @type {any} */ event) => write(event.currentTarget.value)}></textarea>
      ${onStop && html`<${Button} icon="stop" label="Stop" disabled=${!canStop} onClick=${async () => {
        area.current?.focus();
        await onStop();
      }} />`}
      <${Button} type="submit" kind="primary" icon="send" label="Send" disabled=${!text.trim() && !tray.files.value.length} />
    </div>
  </form>`;
}

/** @param {{ text: string, submit: (event: Event) => void, onLast?: () => void, onStop?: () => Promise<unknown> }} on */
function useKeys({ text, submit, onLast, onStop }) {
  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const keys = {
    Enter: (event) => {
      if (!event.shiftKey && !isTouched()) submit(event);
    },
    ArrowUp: (event) => {
      if (text || !onLast) return;
      event.preventDefault();
      onLast();
    },
    Escape: (event) => {
      if (!onStop) return;
      event.preventDefault();
      onStop().catch((error) => notify(sentence(error), { tone: "bad" }));
    },
  };
  return (/** @type {KeyboardEvent} */ event) => { if (!event.isComposing) keys[event.key]?.(event); };
}

/** @param {{ error: unknown }} props */
function Problem({ error }) {
  if (!error) return null;
  const limit = error instanceof Refused && error.limit;
  return html`<p class="problem" role="alert">${sentence(error)} ${limit && html`<a href="#/plan">See your plan</a>`}</p>`;
}

/** @param {{ tray: Tray }} props */
function Choose({ tray }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const choose = () => {
    const files = [...(input.current?.files ?? [])];
    if (input.current) input.current.value = "";
    attach(tray, files);
  };
  return html`<${Button} kind="quiet" icon="attach" label="Attach files" onClick=${() => { input.current?.click(); }} />
    <input ref=${input} type="file" hidden multiple onChange=${choose} />`;
}

/** @param {{ tray: Tray }} props */
function Attached({ tray }) {
  const files = tray.files.value;
  if (!files.length) return null;
  const without = (/** @type {number} */ at) => () => { tray.files.value = files.filter((_, other) => other !== at); };
  return html`<ul class="chat-files" aria-label="Files to send">
    ${files.map(({ filename, size: bytes }, at) => html`<li key=${`${at} ${filename}`} class="chat-file">
      <${Icon} name="file" size=${18} /><span class="name">${filename}</span><span class="meta figure">${size(bytes)}</span>
      <${Button} kind="quiet" icon="close" label=${`Remove ${filename}`} onClick=${without(at)} />
    </li>`)}
  </ul>`;
}
