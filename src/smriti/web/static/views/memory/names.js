// Who has written something, as people say it.
import { me } from "../../state/session.js";
import { resource } from "../../state/store.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent } from "../../types.d.ts" */

/** @type {Resource<Agent[]>} */
export const agents = resource("/agents");

/** Undefined until it is known, null: there is none of this id. @param {string} id */
export function agentOf(id) {
  const all = agents.data.value;
  return all && (all.find(({ agent_id: one }) => one === id) ?? null);
}

/** @param {string | null} by "agent" or an account @param {string} agent the agent's id */
export function named(by, agent) {
  if (by === "agent") return agentOf(agent)?.agent_name ?? "Your agent";
  return by === me.value?.email ? "You" : by ?? "";
}

/** Who was faster than the one who edits. @param {string | null} by @param {string} agent */
export const other = (by, agent) => (by === me.value?.email ? "You, in another window," : named(by, agent));

/** @type {Record<string, string>} */
const DEEDS = {
  core_memory_append: "added a line",
  core_memory_replace: "changed a line",
  core_memory_delete: "removed a line",
  compacted: "wrote it shorter",
};

/** What made a version. @param {string | null} reason */
export const deed = (reason) => (reason ? DEEDS[reason] ?? reason : "");
