// What a key may do, in words, and how to see that it works.

/** @import { KeyScope } from "../../types.d.ts" */

/** @type {Record<KeyScope, { label: string, text: string, example: string }>} */
export const SCOPES = {
  "chat": { label: "Talk", text: "Read your conversations, ask your agents, stop and retry their answers.", example: "/conversations/" },
  "agents:read": { label: "See agents", text: "Read your agents, their memory and their archive.", example: "/agents" },
  "agents:write": { label: "Change agents", text: "Make, change, import and delete agents; write their memory.", example: "" },
  "devices": { label: "Use devices", text: "See your machines and run tasks on them.", example: "/devices" },
  "admin": { label: "Everything", text: "All of these, and models, plan, usage and the export. Not: keys, password, deleting the account.", example: "/usage" },
};

/** Those that allow less first. */
export const SCOPE_NAMES = /** @type {KeyScope[]} */ (Object.keys(SCOPES));

/** A line for a terminal that shows that the key works, "" when its scopes only change things. @param {string} key @param {KeyScope[]} scopes */
export function trial(key, scopes) {
  const path = scopes.map((scope) => SCOPES[scope].example).find(Boolean);
  return path ? `curl -H "X-API-Key: ${key}" ${location.origin}${path}` : "";
}
