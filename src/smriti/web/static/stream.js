// The only reader of Server-Sent Events.
import { request } from "./api.js";

/** Send a message and yield the events of the answer. @param {string} path @param {unknown} body */
export async function* send(path, body) {
  const response = await request(path, { method: "POST", body });
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body)
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let rest = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (rest + value).split("\n\n");
    rest = frames.pop() ?? "";
    for (const frame of frames) {
      if (frame.startsWith("data: ")) yield JSON.parse(frame.slice("data: ".length));
    }
  }
}
