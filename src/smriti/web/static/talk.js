// The conversation that is shown, and the turn that answers in it. Turns belong to the server:
// leaving one, or losing the connection, does not stop it.
import { json, request } from "./api.js";
import { attempt, element, make, notice } from "./page.js";
import { ask, follow } from "./stream.js";

export const talk = { conversation: "", turn: "", busy: false, leaving: new AbortController() };

/** Show a conversation, or "" for a new one; go on reading what is being answered in it. */
export async function show(/** @type {string} */ id) {
  if (talk.busy) notice("");
  talk.leaving.abort();
  talk.leaving = new AbortController();
  talk.conversation = id;
  history.replaceState(null, "", id ? `#${id}` : location.pathname);
  setBusy(false);
  element("messages").replaceChildren();
  if (!id) return;
  const { signal } = talk.leaving;
  const { items: turns } = await json(`/conversations/${id}/turns?limit=100`, { signal });
  const { items: messages } = await json(`/conversations/${id}/messages?limit=100`, { signal });
  const unfinished = turns.filter((/** @type {any} */ turn) => ["queued", "running"].includes(turn.status));
  for (const message of messages.reverse()) {
    const isTold = message.role === "assistant"
      && unfinished.some((/** @type {any} */ turn) => turn.turn_id === message.turn_id);
    if (!isTold) showMessage(message);
  }
  for (const turn of unfinished.reverse()) await hear(follow(turn, signal), signal);
}

/** Say something to an agent and show its answer. @param {string} agent @param {string} content */
export async function send(agent, content) {
  if (talk.busy) return;
  setBusy(true);
  const { signal } = talk.leaving;
  try {
    if (!talk.conversation) {
      const begun = await json("/conversations/", { method: "POST", body: { agent_id: agent }, signal });
      talk.conversation = begun.conversation_id;
      history.replaceState(null, "", `#${talk.conversation}`);
    }
    element("text").value = "";
    add("user", content);
    const conversation = { agent_id: agent, conversation_id: talk.conversation };
    await hear(ask(conversation, content, signal), signal);
  } finally {
    if (!signal.aborted) setBusy(false);
  }
}

/** Stop the turn that is being read; what was said so far is kept. */
export async function stop() {
  element("text").focus();
  await request(`/conversations/${talk.conversation}/turns/${talk.turn}/cancel`, { method: "POST" });
}

/** @param {AsyncIterable<any>} events @param {AbortSignal} signal */
async function hear(events, signal) {
  const answer = new Answer();
  setBusy(true);
  try {
    for await (const event of events) {
      setTurn(event.turn_id ?? talk.turn);
      answer.take(event);
    }
  } finally {
    if (!signal.aborted) setBusy(false);
  }
  element("messages").dispatchEvent(new Event("answered"));
}

/** What one turn has told on the page. */
class Answer {
  /** @type {HTMLElement[]} */
  #items = [];
  /** @type {HTMLElement | null} */
  #growing = null;
  /** @type {HTMLElement | null} */
  #choice = null;

  take(/** @type {any} */ event) {
    switch (event.event_type) {
      case "LIFECYCLE_NOTIFICATION":
        return notice(event.content);
      case "AGENT_RESPONSE_TO_USER":
        return this.#grow(event.content);
      case "TOOL_CALL_RESULT":
        return this.#add("tool", `${event.tool_name} → ${event.content}`);
      case "DEVICE_EVENT":
        return this.#hearDevice(event);
      case "APPROVAL_REQUIRED":
        return this.#askPerson(event);
      case "TURN_RESUMED":
        notice(event.content);
        return this.#clear();
      case "SNAPSHOT":
        this.#clear();
        return this.#grow(event.content);
      case "ERROR":
        notice("");
        this.#choice?.remove();
        return this.#add("error", event.content);
      case "STREAM_COMPLETE":
        this.#choice?.remove();
        if (event.finish_reason !== "cancelled") notice("");
    }
  }

  #hearDevice(/** @type {any} */ event) {
    this.#choice?.remove();
    if (event.device_event !== "TOOL_CALL_RESULT") return notice(`${event.client_id}: ${event.content}`);
    this.#add("tool", `${event.client_id}: ${event.tool_name} → ${event.content}`);
  }

  /** Show what an agent wants to run, for its owner to decide. */
  #askPerson(/** @type {any} */ event) {
    const path = `/conversations/${talk.conversation}/turns/${event.turn_id}/approvals`;
    const button = (/** @type {string} */ text, /** @type {boolean} */ approve) => make("button", {
      type: "button",
      onclick: () => attempt(() => request(path, { method: "POST", body: { approval_id: event.approval_id, approve } })),
    }, text);
    this.#choice = make("span", {}, " ", button("Approve", true), " ", button("Deny", false));
    this.#add("tool", `${event.content} ${JSON.stringify(event.tool_args)}`).append(this.#choice);
    notice("Your approval is wanted.");
  }

  #grow(/** @type {string} */ text) {
    const item = this.#growing ?? this.#add("assistant", "");
    this.#growing = item;
    item.append(text);
    item.scrollIntoView({ block: "end" });
  }

  #add(/** @type {string} */ kind, /** @type {string} */ text) {
    const item = add(kind, text);
    this.#items.push(item);
    this.#growing = null;
    return item;
  }

  #clear() {
    for (const item of this.#items.splice(0)) item.remove();
    this.#growing = null;
  }
}

function showMessage(/** @type {any} */ message) {
  for (const part of message.parts) {
    if (part.type === "tool_result") add("tool", `${part.name} → ${part.text}`);
  }
  add(message.role, message.content);
}

function add(/** @type {string} */ kind, /** @type {string} */ text) {
  const item = make("li", { className: kind }, text);
  element("messages").append(item);
  item.scrollIntoView({ block: "end" });
  return item;
}

/** While a turn is read, Stop stands in the place of Send. */
function setBusy(/** @type {boolean} */ busy) {
  talk.busy = busy;
  element("ask").hidden = busy;
  element("stop").hidden = !busy;
  setTurn("");
}

function setTurn(/** @type {string} */ id) {
  talk.turn = id;
  element("stop").disabled = !id;
}
