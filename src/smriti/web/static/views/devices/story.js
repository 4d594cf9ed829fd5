// A task's steps, from what is stored or from what is told while it runs.

/** @import { Step } from "../../components/steps.js" */
/** @import { StreamEvent } from "../../stream.js" */
/** @import { Part } from "../../types.d.ts" */

/** @type {Record<string, (story: Story, event: StreamEvent) => void>} */
const EVENTS = {
  AGENT_RESPONSE_TO_USER: (story, { content }) => story.say("text", content),
  AGENT_THOUGHTS: (story, { content }) => story.say("thought", content),
  LIFECYCLE_NOTIFICATION: (story, { content }) => story.note(content),
  TOOL_CALL_START: (story, event) => story.call(event.tool_call_id, event.tool_name, event.tool_args),
  TOOL_CALL_RESULT: (story, event) => story.answer(event.tool_call_id, event.content, event.success, event.ms ?? null),
  TURN_RESUMED: (story) => story.clear(),
  SNAPSHOT: (story, { content }) => {
    story.clear();
    story.say("text", content);
  },
};

export class Story {
  /** @type {Step[]} */
  steps = [];

  /** @param {StreamEvent} event */
  hear(event) {
    EVENTS[event.event_type]?.(this, event);
  }

  clear() {
    this.steps = [];
  }

  /** @param {"text" | "thought"} kind @param {string} text */
  say(kind, text) {
    const last = this.steps.at(-1);
    if (last?.kind === kind) last.text += text;
    else this.steps.push({ kind, text });
  }

  /** @param {string} text */
  note(text) {
    this.steps.push({ kind: "note", text });
  }

  /** @param {string} id @param {string} name @param {Record<string, unknown> | null} args */
  call(id, name, args) {
    this.steps.push({ kind: "tool", id, name, args: args ?? {}, result: null, success: null, ms: null });
  }

  /** Models use the same id in one step after the other: the newest is meant. @param {string} id @param {string} text @param {boolean} success @param {number | null} ms */
  answer(id, text, success, ms) {
    const call = this.steps.findLast((step) => step.kind === "tool" && step.id === id && step.result === null);
    if (call) Object.assign(call, { result: unwrapped(text), success, ms });
  }
}

/** The machine's words without what marks them for the model; told, they may be cut. @param {string} text */
function unwrapped(text) {
  const inside = text.replace(/^<device_output\b[^>]*>\n/, "");
  return inside === text ? text : inside.replace(/\n<\/device_output>$/, "");
}

/** @param {Part[]} parts @returns {Step[]} */
export function stepsOf(parts) {
  const story = new Story();
  for (const part of parts) {
    if (part.type === "text") story.say("text", part.text);
    else if (part.type === "reasoning") story.say("thought", part.text);
    else if (part.type === "tool_call") story.call(part.call_id, part.name, part.arguments);
    else if (part.type === "tool_result") story.answer(part.call_id, part.text, part.success, null);
  }
  return story.steps;
}
