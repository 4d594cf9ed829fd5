// Passages that are deleted: gone from the page at once, from the server when nobody took it back.
import { request, sentence } from "../../api.js";
import { notify } from "../../components/notices.js";
import { tell } from "../../state/tabs.js";
import { signal } from "../../vendor/preact.js";

/** @import { Signal } from "../../vendor/preact.js" */

const UNDO_MS = 5000;

/** Ids of passages that are not shown any more. @type {Signal<ReadonlySet<string>>} */
export const deleted = signal(new Set());

/** @param {string} agent */
export const archivePath = (agent) => `/agents/${encodeURIComponent(agent)}/archival-memory`;

/** @type {Map<string, () => void>} */
const waiting = new Map();
addEventListener("pagehide", () => { for (const send of waiting.values()) send(); });

/** @param {string} agent @param {string} id */
export function remove(agent, id) {
  const send = () => {
    clearTimeout(timer);
    waiting.delete(id);
    request(`${archivePath(agent)}/${encodeURIComponent(id)}`, { method: "DELETE" }).then(
      () => tell({ kind: "changed", prefixes: [archivePath(agent)] }),
      (error) => {
        show(id);
        notify(`The passage is not deleted. ${sentence(error)}`, { tone: "bad" });
      },
    );
  };
  const timer = setTimeout(send, UNDO_MS);
  waiting.set(id, send);
  deleted.value = new Set([...deleted.value, id]);
  notify("The passage is deleted.", { undo: () => {
    clearTimeout(timer);
    waiting.delete(id);
    show(id);
  } });
}

/** @param {string} id */
function show(id) {
  deleted.value = new Set([...deleted.value].filter((one) => one !== id));
}
