// Names of agents: each is there once.
import { Refused } from "../../api.js";

/** @import { Agent } from "../../types.d.ts" */

/** The name, with a number behind it when there is such an agent. @param {string} name @param {Agent[]} agents */
export function freeName(name, agents) {
  const taken = new Set(agents.map((agent) => agent.agent_name));
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name} ${number}`;
  return free;
}

/** The server would give back the old agent instead. @param {string} name @param {Agent[]} agents */
export function refuseTaken(name, agents) {
  const free = freeName(name.trim(), agents);
  if (free === name.trim()) return;
  const msg = `You have an agent of this name. “${free}” is free.`;
  throw new Refused(422, new Headers(), { detail: msg, errors: [{ loc: ["body", "agent_name"], msg }] });
}
