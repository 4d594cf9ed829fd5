// Tries the settings as they stand in a form, before they are saved.
import { sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { html, useState } from "../../vendor/preact.js";
import { check } from "./connecting.js";

/** @import { Values } from "../../components/form.js" */
/** @import { ProviderCheck, ProviderListing } from "../../types.d.ts" */

/** @param {{ listing: ProviderListing, values: () => Values }} props */
export function Check({ listing, values }) {
  const [told, setTold] = useState({ ok: true, text: "" });
  const run = async () => {
    setTold({ ok: true, text: "" });
    await check(listing, values()).then((answer) => setTold({ ok: answer.ok, text: words(answer) }), (error) => setTold({ ok: false, text: sentence(error) }));
  };
  return html`<p class=${told.ok ? "models-told" : "models-told wrong"} role="status">${told.text}</p><${Button} onClick=${run}>Check<//>`;
}

/** @param {ProviderCheck} answer */
function words({ ok, models, problem }) {
  if (!ok) return problem ?? "It does not answer.";
  return `✓ It answers, and has ${models.length} ${models.length === 1 ? "model" : "models"}.`;
}
