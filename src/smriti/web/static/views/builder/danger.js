// What cannot be taken back.
import { request } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { notify } from "../../components/notices.js";
import { go } from "../../router.js";
import { changed } from "../../state/store.js";
import { html } from "../../vendor/preact.js";

/** @import { Agent } from "../../types.d.ts" */

/** @param {{ agent: Agent }} props */
export function Danger({ agent }) {
  const { agent_id: id, agent_name: name } = agent;
  const remove = async () => {
    const isSure = await confirm({
      title: "Delete this agent?",
      text: "Its memory, its conversations and its widget keys go with it. This cannot be taken back. An export keeps a copy.",
      action: "Delete agent", danger: true, typed: name,
    });
    if (!isSure) return;
    await request(`/agents/${encodeURIComponent(id)}`, { method: "DELETE" });
    go("#/agents", { replace: true });
    changed("/agents", "/conversations", "/usage", "/devices");
    notify(`${name} is deleted.`);
  };
  return html`<section class="card builder-danger" aria-labelledby="danger">
    <div><h2 id="danger">Delete this agent</h2><p class="muted">With all that it remembers. You are asked for its name first.</p></div>
    <${Button} kind="danger" icon="trash" onClick=${remove}>Delete agent…<//>
  </section>`;
}
