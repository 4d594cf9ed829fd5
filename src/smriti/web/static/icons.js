// Our own drawings, 24 × 24, lines of 1.75; beside a word they say nothing of their own.
import { html } from "./vendor/preact.js";

const PATHS = {
  plus: "M12 5v14M5 12h14",
  search: "M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13ZM15.5 15.5 20 20",
  chat: "M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-7l-4.5 3.5V16H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Z",
  agent: "M12 4v3M7 7h10a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2ZM9.5 11.5v2M14.5 11.5v2M3 11.5v3M21 11.5v3",
  memory: "M5 5.5c3-1 5-.5 7 1 2-1.5 4-2 7-1V18c-3-1-5-.5-7 1-2-1.5-4-2-7-1ZM12 6.5V19",
  archive: "M4 5h16v4H4ZM5.5 9v9.5h13V9M10 12.5h4",
  history: "M4.5 12a7.5 7.5 0 1 0 2.5-5.6L4.5 8.5M4.5 4.5v4h4M12 8v4.5l3 1.5",
  device: "M5 6h14v9.5H5ZM3 18.5h18M10 18.5v-.5h4v.5",
  model: "M8 8h8v8H8ZM5.5 5.5h13v13h-13ZM9.5 3v2.5M14.5 3v2.5M9.5 18.5V21M14.5 18.5V21M3 9.5h2.5M3 14.5h2.5M18.5 9.5H21M18.5 14.5H21",
  key: "M8 15.5a4 4 0 1 1 3.8-5.2H20v3.2h-2.5v2.2h-3v-2.2h-2.7A4 4 0 0 1 8 15.5ZM8 11.5h.01",
  plan: "M4.5 17a8 8 0 1 1 15 0M12 14.5l3.5-4.5M7.5 17h9",
  account: "M12 12a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5ZM4.75 19.5c.75-3.25 3.5-5 7.25-5s6.5 1.75 7.25 5",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  check: "m5 12.5 4.5 4.5L19 7.5",
  copy: "M9 9h10v10.5H9ZM6 15H5V4.5h10V6",
  edit: "m5 19 .75-3.5L16 5.25 18.75 8 8.5 18.25ZM14 7.25 16.75 10",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.75 12.5h8.5L17 7M10.5 10.5v5.5M13.5 10.5v5.5",
  more: "M5.5 12h1M11.5 12h1M17.5 12h1",
  down: "m6.5 9.5 5.5 5.5 5.5-5.5",
  right: "m9.5 6.5 5.5 5.5-5.5 5.5",
  send: "M12 19V5.5M6 11.5l6-6 6 6",
  stop: "M7 7h10v10H7Z",
  retry: "M19 12a7 7 0 1 1-2-4.9L19 9M19 4.5V9h-4.5",
  download: "M12 4.5V15M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14",
  upload: "M12 15.5V5M7.5 9.5 12 5l4.5 4.5M5 19.5h14",
  file: "M7 4.5h7l4 4v11H7ZM14 4.5v4h4",
  attach: "m18.5 11.5-6.75 6.75a4 4 0 0 1-5.65-5.65L13 5.75a2.65 2.65 0 0 1 3.75 3.75l-6.7 6.7a1.25 1.25 0 0 1-1.75-1.75l5.95-5.95",
  tool: "M14.5 6.5a4 4 0 0 1 5-1l-2.75 2.75 1 1 2.75-2.75a4 4 0 0 1-5.25 5L8.5 18.25a2 2 0 0 1-2.75-2.75L12.5 8.75a4 4 0 0 1 2-2.25Z",
  warning: "M12 4.5 20.5 19h-17ZM12 10v4.5M12 16.75h.01",
  info: "M12 20a8 8 0 1 1 0-16 8 8 0 0 1 0 16ZM12 11v5M12 8h.01",
  external: "M13.5 4.5h6v6M19 5l-8 8M17 14v5.5H4.5V7H10",
  leave: "M14 5H5.5v14H14M10.5 12H20M16.5 8.5 20 12l-3.5 3.5",
  sun: "M12 16a4 4 0 1 1 0-8 4 4 0 0 1 0 8ZM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.65 5.65l1 1M17.35 17.35l1 1M18.35 5.65l-1 1M6.65 17.35l-1 1",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z",
  context: "M4.5 7 12 3.5 19.5 7 12 10.5ZM4.5 12l7.5 3.5 7.5-3.5M4.5 17l7.5 3.5 7.5-3.5",
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {{ name: IconName, size?: number }} props */
export function Icon({ name, size = 20 }) {
  return html`<svg class="icon" viewBox="0 0 24 24" width=${size} height=${size} aria-hidden="true" focusable="false">
    <path d=${PATHS[name]} />
  </svg>`;
}

/** Three leaves of a notebook, one of them marked: what is remembered. */
export function Mark({ size = 24 }) {
  return html`<svg class="mark" viewBox="0 0 24 24" width=${size} height=${size} aria-hidden="true" focusable="false">
    <path d="M5 4.5h9.5a4.5 4.5 0 0 1 4.5 4.5v10.5H9.5A4.5 4.5 0 0 1 5 15Z" />
    <path class="mark-line" d="M9 9.5h6M9 13h3.5" />
  </svg>`;
}
