// Light, dark, or as the system has it. `scheme.js` sets it before the first paint.
import { effect, signal } from "../vendor/preact.js";

/** @typedef {"system" | "light" | "dark"} Theme */

export const theme = signal(/** @type {Theme} */ (localStorage.getItem("theme") ?? "system"));

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  localStorage.setItem("theme", theme.value);
});
addEventListener("storage", ({ key, newValue }) => {
  if (key === "theme") theme.value = /** @type {Theme} */ (newValue ?? "system");
});
