// Begins: what the first view needs is asked for before its module is there.
import { answered, sentence } from "./api.js";
import { route, routes } from "./router.js";
import { start } from "./state/session.js";
import { pages, resource } from "./state/store.js";
import "./state/theme.js";
import { html, render } from "./vendor/preact.js";
import { prefetch } from "./views/lazy.js";
import { App } from "./views/shell.js";

const host = /** @type {HTMLElement} */ (document.getElementById("app"));

/** @param {{ problem?: string }} props */
function show(props) {
  host.replaceChildren(); // the lines that stood there meanwhile
  render(html`<${App} ...${props} />`, host);
}

const isTold = answered();
prefetch(routes[route.value.pattern]);
for (const early of [resource("/agents"), pages("/conversations/")]) early.load().catch(() => {});
Promise.all([start(), isTold]).then(() => show({}), (error) => show({ problem: sentence(error) }));
addEventListener("keydown", () => { import("./state/keyboard.js").catch(() => {}); }, { once: true });
