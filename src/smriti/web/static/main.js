// A plain chat: choose an agent, talk, watch its memory. Text enters the page as text only.
import { json } from "./api.js";
import { send } from "./stream.js";

const element = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const state = { agent: "", conversation: "", busy: false };

/** @param {string} tag @param {Record<string, any>} properties @param {...(Node | string)} children */
function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

const notice = (/** @type {string} */ text) => { element("notice").textContent = text; };

/** Run an action; what goes wrong is told, not swallowed. @param {() => Promise<void>} action */
const attempt = (action) => action().catch((error) => notice(error.message));

async function showAgents() {
  const agents = await json("/agents");
  element("agents").replaceChildren(
    ...agents.map((/** @type {any} */ agent) => make("option", { value: agent.agent_id }, agent.agent_name)),
  );
  element("creator").open = agents.length === 0;
  if (!agents.some((/** @type {any} */ agent) => agent.agent_id === state.agent)) {
    state.agent = agents[0]?.agent_id ?? "";
  }
  element("agents").value = state.agent;
  notice(agents.length === 0 ? "Create an agent to begin." : "");
  await showAgent();
}

async function showAgent() {
  state.conversation = "";
  element("messages").replaceChildren();
  await Promise.all([showConversations(), showMemory()]);
}

async function showConversations() {
  const { items } = await json("/conversations/?limit=100");
  const ours = items.filter((/** @type {any} */ one) => one.agent_id === state.agent);
  element("conversations").replaceChildren(...ours.map((/** @type {any} */ one) => make("li", {}, make("button", {
    type: "button",
    ariaCurrent: one.conversation_id === state.conversation ? "true" : null,
    onclick: () => attempt(() => showConversation(one.conversation_id)),
  }, one.title))));
}

async function showConversation(/** @type {string} */ id) {
  state.conversation = id;
  const { items } = await json(`/conversations/${id}/messages?limit=100`);
  element("messages").replaceChildren();
  for (const message of items.reverse()) {
    for (const part of message.parts) {
      if (part.type === "tool_result") say("tool", `${part.name} → ${part.text}`);
    }
    say(message.role, message.content);
  }
  await showConversations();
}

async function showMemory() {
  element("memory").replaceChildren();
  if (!state.agent) return;
  const blocks = await json(`/agents/${state.agent}/memory-blocks`);
  const contents = await Promise.all(blocks.map((/** @type {any} */ block) =>
    json(`/agents/${state.agent}/memory-blocks/${block.block_name}/content`)));
  element("memory").replaceChildren(...contents.flatMap((content) => [
    make("h3", {}, content.block_name),
    make("ol", {}, ...content.lines.map((/** @type {string} */ line) => make("li", {}, line))),
  ]));
}

async function showAgentForm() {
  const schema = await json("/agents/supported-models");
  const fields = schema.form_inputs.flatMap((/** @type {any} */ input) => [
    make("label", { htmlFor: input.name }, input.label),
    control(input),
  ]);
  element("agent-form").replaceChildren(...fields, make("button", {}, "Create"));
}

function control(/** @type {any} */ input) {
  const common = { id: input.name, name: input.name };
  if (input.options || input.values) {
    const options = input.options ?? input.values.map((/** @type {string} */ value) => ({ value, label: value }));
    const select = make("select", common, ...options.map((/** @type {any} */ option) =>
      make("option", { value: option.value }, option.label)));
    return Object.assign(select, { value: input.value ?? options[0]?.value ?? "" });
  }
  const node = make(input.input_type === "text_area" ? "textarea" : "input", common);
  for (const [name, value] of Object.entries(input.attr ?? {})) node.setAttribute(name, String(value));
  return Object.assign(node, { value: input.value ?? "" });
}

function say(/** @type {string} */ kind, /** @type {string} */ text) {
  const item = make("li", { className: kind }, text);
  element("messages").append(item);
  item.scrollIntoView({ block: "end" });
  return item;
}

async function sendMessage() {
  const content = element("text").value.trim();
  if (!content || state.busy || !state.agent) return;
  state.busy = true;
  try {
    if (!state.conversation) {
      const body = { agent_id: state.agent };
      state.conversation = (await json("/conversations/", { method: "POST", body })).conversation_id;
    }
    element("text").value = "";
    say("user", content);
    await follow(send(`/agents/${state.agent}/${state.conversation}/send-message`, { content }));
  } finally {
    state.busy = false;
  }
  await Promise.all([showConversations(), showMemory()]);
}

/** @param {AsyncIterable<any>} events */
async function follow(events) {
  /** @type {HTMLElement | null} */
  let answer = null;
  for await (const event of events) {
    if (event.event_type === "LIFECYCLE_NOTIFICATION") notice(event.content);
    if (event.event_type === "AGENT_RESPONSE_TO_USER") {
      answer ??= say("assistant", "");
      answer.append(event.content);
      answer.scrollIntoView({ block: "end" });
    }
    if (event.event_type === "TOOL_CALL_RESULT") {
      answer = null;
      say("tool", `${event.tool_name} → ${event.content}`);
    }
    if (event.event_type === "ERROR") say("error", event.content);
    if (event.event_type === "STREAM_COMPLETE") notice("");
  }
}

element("agents").onchange = (/** @type {any} */ event) => attempt(async () => {
  state.agent = event.target.value;
  await showAgent();
});
element("new-conversation").onclick = () => {
  state.conversation = "";
  element("messages").replaceChildren();
  element("text").focus();
};
element("agent-form").onsubmit = (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  attempt(async () => {
    const body = Object.fromEntries(new FormData(element("agent-form")));
    state.agent = (await json("/agents", { method: "POST", body })).agent_id;
    await showAgents();
  });
};
element("send").onsubmit = (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  attempt(sendMessage);
};
element("text").onkeydown = (/** @type {KeyboardEvent} */ event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    attempt(sendMessage);
  }
};

attempt(async () => {
  await showAgentForm();
  await showAgents();
});
