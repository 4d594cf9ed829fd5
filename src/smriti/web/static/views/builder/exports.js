// The files that an agent can travel in.

/** @import { Item } from "../../components/menu.js" */

/** @param {string} agentId @returns {Item[]} */
export function exportsOf(agentId) {
  const address = `/agents/${encodeURIComponent(agentId)}/export`;
  return [
    { label: "Export with its memory", icon: "download", href: address },
    { label: "Export with conversations, too", icon: "download", href: `${address}?conversations=true` },
    { label: "Export as a character", icon: "download", href: `${address}?format=character` },
  ];
}
