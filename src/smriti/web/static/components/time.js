// A moment, as people say it, and as time goes by; the exact one on hover.
import { html, signal } from "../vendor/preact.js";
import { dates } from "./formats.js";

const DAY_MS = 86400000;
const TICK_MS = 30000;
const exact = dates({ dateStyle: "full", timeStyle: "medium" });
const timeOfDay = dates({ timeStyle: "short" });
const inThisYear = dates({ day: "numeric", month: "short" });
const inAnother = dates({ day: "numeric", month: "short", year: "numeric" });

let timer = 0;
/** Moves twice a minute while something shows a time. */
const ticks = signal(0, {
  watched() { timer = setInterval(() => { ticks.value += 1; }, TICK_MS); },
  unwatched() { clearInterval(timer); },
});

/** @param {{ at: string }} props */
export function Time({ at }) {
  void ticks.value;
  const date = new Date(at);
  return html`<time dateTime=${at} title=${exact(date)}>${moment(date)}</time>`;
}

/** @param {Date} date @param {Date} [now] */
export function moment(date, now = new Date()) {
  const seconds = (now.getTime() - date.getTime()) / 1000;
  if (seconds >= 0 && seconds < 60) return "just now";
  const time = timeOfDay(date);
  const days = daysBetween(date, now);
  if (days === 0) return time;
  if (days === 1) return `yesterday, ${time}`;
  if (days === -1) return `tomorrow, ${time}`;
  return day(date, now);
}

/** Without the time of day; the year only when it is another one. @param {Date} date @param {Date} [now] */
export function day(date, now = new Date()) {
  return date.getFullYear() === now.getFullYear() ? inThisYear(date) : inAnother(date);
}

/** Midnights since. @param {Date} date @param {Date} now */
export function daysBetween(date, now) {
  return Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / DAY_MS);
}
