// A moment, as people say it; the exact one on hover.
import { html } from "../vendor/preact.js";

const DAY_MS = 86400000;

/** @param {{ at: string }} props */
export function Time({ at }) {
  const date = new Date(at);
  return html`<time dateTime=${at} title=${date.toLocaleString([], { dateStyle: "full", timeStyle: "medium" })}>${moment(date)}</time>`;
}

/** @param {Date} date @param {Date} [now] */
export function moment(date, now = new Date()) {
  const seconds = (now.getTime() - date.getTime()) / 1000;
  if (seconds >= 0 && seconds < 60) return "just now";
  const time = date.toLocaleTimeString([], { timeStyle: "short" });
  const days = daysBetween(date, now);
  if (days === 0) return time;
  if (days === 1) return `yesterday, ${time}`;
  return date.toLocaleDateString([], { day: "numeric", month: "short", ...(date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" }) });
}

/** Midnights since. @param {Date} date @param {Date} now */
export function daysBetween(date, now) {
  return Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / DAY_MS);
}
