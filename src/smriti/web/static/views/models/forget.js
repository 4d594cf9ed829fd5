// Takes a provider's settings away.
import { request } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { notify } from "../../components/notices.js";
import { resource } from "../../state/store.js";
import { html } from "../../vendor/preact.js";
import { providersChanged } from "./connecting.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { ProviderStatus } from "../../types.d.ts" */

/** What the server was started with cannot be forgotten here. @param {{ name: string, onGone: () => void }} props */
export function Forget({ name, onGone }) {
  const path = `/settings/providers/${encodeURIComponent(name)}`;
  /** @type {Resource<ProviderStatus>} */
  const status = resource(path);
  const remove = async () => {
    const isSure = await confirm({
      title: `Forget ${name}?`, text: "Its key is deleted here. Agents that use it cannot answer until they have another model.", action: `Forget ${name}`, danger: true,
    });
    if (!isSure) return;
    await request(path, { method: "DELETE" });
    providersChanged();
    onGone();
    notify(`${name} is forgotten.`);
  };
  if (!status.data.value) return null;
  if (!status.data.value.created_at) return html`<span class="meta">Its key comes from where the server was started.</span>`;
  return html`<${Button} kind="danger" icon="trash" onClick=${remove}>Forget ${name}<//>`;
}
