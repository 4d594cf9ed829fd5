// What was said, oldest first.
import { VirtualList } from "../../components/list.js";
import { announce } from "../../components/notices.js";
import { textOf } from "../../state/talk-rows.js";
import { html, useCallback, useEffect, useRef, useState } from "../../vendor/preact.js";
import { Message } from "./message.js";

/** @import { Phase } from "../../state/talk-ear.js" */
/** @import { Row } from "../../state/talk-rows.js" */
/** @import { Desk } from "./chat.js" */

const READ_ALOUD = 2000;
const keyOf = (/** @type {Row} */ row) => row.key;

/** @param {{ desk: Desk, message: string }} props `message`: the id of the one that is looked for */
export function Messages({ desk, message }) {
  const { talk } = desk;
  const row = useCallback((/** @type {Row} */ one) => html`<${Message} row=${one} desk=${desk} />`, [desk]);
  const older = useCallback(() => talk.older(), [talk]);
  useSpoken(desk);
  const found = useFound(desk, message);
  return html`<div class="chat-list">
    <${VirtualList} rows=${talk.rows.value} keyOf=${keyOf} row=${row} label="Conversation" onStart=${older} show=${found} />
  </div>`;
}

/** Who listens hears that the answer comes, then the answer. @param {Desk} desk */
function useSpoken({ talk }) {
  const phase = talk.phase.value;
  const before = useRef(/** @type {Phase} */ (phase === "answering" ? "asking" : phase)); // it may answer before there is a list
  useEffect(() => {
    const [was, last] = [before.current, talk.rows.peek().at(-1)];
    before.current = phase;
    if (was === "asking" && phase === "answering") announce("Your agent is answering.");
    if (phase === "waiting") announce("A command waits for your approval.");
    if (was !== "idle" && phase === "idle" && last?.role === "assistant") announce(textOf(last).slice(0, READ_ALOUD));
  }, [phase]);
}

/** The key of a message, once it is loaded. @param {Desk} desk @param {string} message its id */
function useFound({ talk }, message) {
  const [found, setFound] = useState(/** @type {string | null} */ (null));
  const isLoaded = talk.isLoaded.value;
  useEffect(() => {
    let isGone = false;
    if (message && isLoaded) find(talk, message, () => isGone).then((key) => { if (!isGone) setFound(key); }, () => {});
    return () => { isGone = true; };
  }, [message, isLoaded]);
  return found;
}

/** Load older pages until it is there. @param {Desk["talk"]} talk @param {string} message @param {() => boolean} isGone */
async function find(talk, message, isGone) {
  const keyed = () => talk.rows.peek().find(({ id }) => id === message)?.key;
  while (!keyed() && !isGone() && (await talk.older()));
  return keyed() ?? null;
}
