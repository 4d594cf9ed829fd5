// A plain chat: choose an agent, talk, watch its memory. Text enters the page as text only.
import { json } from "./api.js";
import { attempt, element, make, notice } from "./page.js";
import { send, show, stop, talk } from "./talk.js";

const state = { agent: "" };

/** Show all agents, and of the chosen one a conversation, "" for none. */
async function showAgents(id = "") {
  const agents = await json("/agents");
  element("agents").replaceChildren(
    ...agents.map((/** @type {any} */ agent) => make("option", { value: agent.agent_id }, agent.agent_name)),
  );
  element("creator").open = agents.length === 0;
  const isKnown = agents.some((/** @type {any} */ agent) => agent.agent_id === state.agent);
  if (!isKnown) state.agent = agents[0]?.agent_id ?? "";
  element("agents").value = state.agent;
  notice(agents.length === 0 ? "Create an agent to begin." : "");
  await showAgent(isKnown ? id : "");
}

async function showAgent(id = "") {
  await Promise.all([show(id), showConversations(), showMemory()]);
}

async function showConversations() {
  const { items } = await json("/conversations/?limit=100");
  const ours = items.filter((/** @type {any} */ one) => one.agent_id === state.agent);
  element("conversations").replaceChildren(...ours.map((/** @type {any} */ one) => make("li", {}, make("button", {
    type: "button",
    ariaCurrent: one.conversation_id === talk.conversation ? "true" : null,
    onclick: () => attempt(() => open(one.conversation_id)),
  }, one.title))));
}

const open = (/** @type {string} */ id) => Promise.all([show(id), showConversations()]);

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

async function sendMessage() {
  const content = element("text").value.trim();
  if (content && state.agent) await send(state.agent, content);
}

element("agents").onchange = (/** @type {any} */ event) => attempt(async () => {
  state.agent = event.target.value;
  await showAgent();
});
element("new-conversation").onclick = () => {
  element("text").focus();
  attempt(() => open(""));
};
element("messages").addEventListener("answered", () => {
  attempt(() => Promise.all([showConversations(), showMemory()]));
});
element("stop").onclick = () => attempt(stop);
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
  const id = location.hash.slice(1); // the conversation that was open before a reload
  await showAgentForm();
  const last = id && await json(`/conversations/${encodeURIComponent(id)}`).catch(() => null);
  state.agent = last?.agent_id ?? "";
  await showAgents(last?.conversation_id);
});
