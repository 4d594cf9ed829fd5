// The frame around every view: navigation, the view itself, what lies over it.
import { Button } from "../components/button.js";
import { Dialog, Questions } from "../components/dialog.js";
import { isChoosing } from "../components/menu.js";
import { Notices } from "../components/notices.js";
import { Mark } from "../icons.js";
import { go, panels, route, routes } from "../router.js";
import { named, shortcuts, useShortcut } from "../state/keys.js";
import { ended, me } from "../state/session.js";
import { online } from "../state/tabs.js";
import { html, useCallback, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { Lazy } from "./lazy.js";
import { Nav } from "./nav.js";

/** @import { Loader, ViewModule } from "../router.js" */

/** @type {Loader} */
const signIn = () => import("./sign-in.js");
/** @type {Loader} */
const signInAgain = () => import("./expired.js");

/** What a notice has a button for. */
const UNDO = { keys: "mod+z", label: "Take back what a message offers to undo" };

/** @param {{ problem?: string }} props */
export function App({ problem }) {
  if (problem) return html`<${Unanswered} problem=${problem} />`;
  return html`${me.value ? html`<${Shell} />` : html`<${Lazy} load=${signIn} onShown=${nameOf} />`}<${Questions} /><${Notices} />`;
}

/** @param {Pick<ViewModule, "title">} module @param {import("../router.js").ViewProps} [props] */
function nameOf({ title }, props = { params: {}, query: new URLSearchParams() }) {
  const text = typeof title === "function" ? title(props) : title;
  document.title = text ? `${text} · Smriti` : "Smriti";
}

function Shell() {
  const [nav, setNav] = useState(false);
  const [over, setOver] = useState(/** @type {"" | "search" | "help"} */ (""));
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const toggle = (/** @type {"search" | "help"} */ name) => () => setOver((now) => (now === name ? "" : name));
  const search = useCallback(panels.search ? toggle("search") : () => {}, []);
  const help = useCallback(toggle("help"), []);
  const typed = useTyped(over === "search");
  useShortcut("mod+k", "Search everything", search);
  useShortcut("mod+shift+o", "New chat", useCallback(() => go("#/new"), []));
  useShortcut("?", "This list", help);
  useEffect(() => setNav(false), [route.value]);
  useEffect(() => {
    if (!nav) return;
    const opener = /** @type {HTMLElement | null} */ (document.activeElement);
    document.querySelector(/** @type {"button"} */ (".nav-close"))?.focus();
    return () => opener?.focus();
  }, [nav]);
  return html`<div class=${nav ? "shell nav-open" : "shell"}>
    <button type="button" class="button skip" onClick=${() => main.current?.focus()}>Skip to the page</button>
    <${Nav} onSearch=${panels.search && search} onHelp=${help} onClose=${() => setNav(false)} />
    <div class="nav-shade" onClick=${() => setNav(false)}></div>
    <div class="page-column">
      <header class="bar">
        <${Button} kind="quiet" icon="menu" label="Open the navigation" onClick=${() => setNav(true)} />
        <a class="brand" href="#/"><${Mark} /><span>Smriti</span></a>
      </header>
      ${online.value ? null : html`<p class="offline" role="status">You are offline. What you type is kept.</p>`}
      <main class="main" ref=${main} tabindex="-1"><${Routed} main=${main} /></main>
    </div>
    ${over === "search" && panels.search && html`<${Lazy} load=${panels.search} props=${{ typed, onClose: () => setOver("") }} />`}
    <${Help} open=${over === "help"} onClose=${() => setOver("")} />
    <${Expired} />
  </div>`;
}

/** What is typed after Ctrl-K while the search is still coming. @param {boolean} isAsked */
function useTyped(isAsked) {
  const typed = useRef("");
  useLayoutEffect(() => {
    typed.current = "";
    if (!isAsked) return;
    const keep = (/** @type {KeyboardEvent} */ event) => {
      if (event.key.length > 1 || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      typed.current += event.key;
    };
    addEventListener("keydown", keep, { capture: true });
    return () => removeEventListener("keydown", keep, { capture: true });
  }, [isAsked]);
  return typed;
}

/** @param {{ main: { current: HTMLElement | null } }} props */
function Routed({ main }) {
  const { pattern, params, query } = route.value;
  const load = routes[pattern];
  const place = JSON.stringify([pattern, params]);
  const shown = useRef("");
  const left = useRef(/** @type {Element | null} */ (null));
  useEffect(() => { left.current = document.activeElement; }, [place]);
  const onShown = (/** @type {Pick<ViewModule, "title">} */ module) => {
    if (shown.current === place) return;
    nameOf(module, { params, query });
    if (shown.current && isStill(left.current)) focusOn(main.current);
    shown.current = place;
  };
  if (!load) return html`<${Missing} onShown=${onShown} />`;
  return html`<${Lazy} load=${load} props=${{ params, query }} onShown=${onShown} />`;
}

/** Whether the focus is where it was when the view was asked for: who went on meanwhile, or is busy with a menu, is let be. @param {Element | null} left */
function isStill(left) {
  const now = document.activeElement;
  return !now || now === document.body || (now === left && !isChoosing());
}

/** Where reading goes on after a change of the view, unless the view has put the focus somewhere. @param {HTMLElement | null} main */
function focusOn(main) {
  if (main?.contains(document.activeElement) && document.activeElement !== main) return;
  const head = main?.querySelector("h1");
  head?.setAttribute("tabindex", "-1");
  (head ?? main)?.focus();
}

/** @param {{ onShown: (view: { title: string }) => void }} props */
function Missing({ onShown }) {
  useEffect(() => onShown({ title: "Nothing here" }));
  return html`<section class="empty">
    <h1>There is nothing at this address</h1>
    <p>It may have been deleted, or the link is not whole.</p>
    <a class="button primary" href="#/">Go to the start</a>
  </section>`;
}

/** @param {{ problem: string }} props */
function Unanswered({ problem }) {
  return html`<section class="empty" role="alert">
    <${Mark} size=${40} />
    <h1>Smriti does not answer</h1>
    <p>${problem}</p>
    <${Button} kind="primary" icon="retry" onClick=${() => location.reload()}>Try again<//>
  </section>`;
}

/** @param {{ open: boolean, onClose: () => void }} props */
function Help({ open, onClose }) {
  return html`<${Dialog} open=${open} title="Keyboard" onClose=${onClose}>
    <dl class="keys">${[...shortcuts.value, UNDO].map(({ keys, label }) => html`<div key=${keys}><dt>${label}</dt><dd><kbd>${named(keys)}</kbd></dd></div>`)}</dl>
    <p class="meta">Long conversations show only what is on the screen: search with ${named("mod+k")}, not with the browser.
      The API is described in the <a href="/docs" target="_blank" rel="noopener">documentation</a>.</p>
  <//>`;
}

/** Over the page until somebody is signed in again. */
function Expired() {
  return html`<${Dialog} open=${ended.value} title="Your sign-in has ended"><${Lazy} load=${signInAgain} /><//>`;
}
