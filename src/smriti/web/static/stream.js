// The only reader of Server-Sent Events: a turn to its end, over as many connections as it takes.
import { Refused, request } from "./api.js";

const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15000, 30000];
const SILENCE_MS = 60000; // the server says something every 15 s, if only that it is there
const ENDS = ["STREAM_COMPLETE", "ERROR"];

const status = (/** @type {string} */ content) => ({ event_type: "LIFECYCLE_NOTIFICATION", content });

/**
 * Ask, and yield the events of the answer. Until it is known that the question is stored, it is
 * sent again when the connection breaks: its key keeps it one question.
 * @param {any} conversation @param {string} content @param {AbortSignal} signal
 */
export async function* ask(conversation, content, signal) {
  const path = `/agents/${conversation.agent_id}/${conversation.conversation_id}/send-message`;
  const headers = { "idempotency-key": crypto.getRandomValues(new Uint32Array(4)).join("-") };
  let turn = "";
  const connect = (/** @type {number} */ after) => turn
    ? attach(conversation.conversation_id, turn, after, signal)
    : request(path, { method: "POST", headers, body: { content }, signal });
  for await (const event of toTheEnd(connect, signal)) {
    if (event.event_type !== "LIFECYCLE_NOTIFICATION") turn = event.turn_id;
    yield event;
  }
}

/** Yield the events of a turn that was begun before. @param {any} turn @param {AbortSignal} signal */
export function follow({ conversation_id, turn_id }, signal) {
  return toTheEnd((after) => attach(conversation_id, turn_id, after, signal), signal);
}

/** @param {string} conversation @param {string} turn @param {number} after @param {AbortSignal} signal */
function attach(conversation, turn, after, signal) {
  return request(`/conversations/${conversation}/turns/${turn}/events?after=${after}`, { signal });
}

/** @param {(after: number) => Promise<Response>} connect @param {AbortSignal} signal */
async function* toTheEnd(connect, signal) {
  let pauses = PAUSES_MS;
  let after = 0;
  while (true) {
    try {
      const response = await connect(after);
      if (pauses !== PAUSES_MS) yield status("Connected again.");
      for await (const event of events(response)) {
        [pauses, after] = [PAUSES_MS, event.seq];
        yield event;
        if (ENDS.includes(event.event_type)) return;
      }
    } catch (error) {
      if (signal.aborted || (error instanceof Refused && !error.passing)) throw error;
    }
    const [pause, ...later] = pauses;
    if (pause === undefined) throw new Error("The server does not answer. Reload the page to try again.");
    pauses = later;
    yield status("The connection is lost. Trying again…");
    await new Promise((resolve) => { setTimeout(resolve, pause); });
  }
}

/** @param {Response} response */
async function* events(response) {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (true) {
    const silence = setTimeout(() => reader.cancel(), SILENCE_MS);
    const { value, done } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length));
    }
  }
}
