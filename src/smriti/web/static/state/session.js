// Who is signed in. The session is a cookie that no script can read.
import { json, onExpired, request, Refused } from "../api.js";
import { effect, signal } from "../vendor/preact.js";
import { forgetDrafts } from "./drafts.js";
import { changed, resource } from "./store.js";
import { onTold, tell } from "./tabs.js";

/** @import { Signal } from "../vendor/preact.js" */
/** @import { Resource } from "./store.js" */
/** @import { Profile, SignInMethods } from "../types.d.ts" */

/** Undefined until it is known, null for nobody. @type {Signal<Profile | null | undefined>} */
export const me = signal(undefined);
/** Whether the session has ended under the page; it can go on after a new sign-in. */
export const ended = signal(false);
/** How somebody can sign in here. @type {Resource<SignInMethods>} */
export const methods = resource("/auth/methods");

/** Ask who is signed in. */
export async function start() {
  try {
    await welcome(await json("/auth/me"));
  } catch (error) {
    if (!(error instanceof Refused && error.status === 401)) throw error;
    me.value = null;
  }
}

/** @param {{ username: string, password: string, isNew?: boolean }} values */
export async function signIn({ username, password, isNew = false }) {
  const path = isNew ? "/auth/local/signup" : "/auth/local/login";
  await request(path, { method: "POST", body: { username, password }, key: null });
  await welcome(await json("/auth/me"));
}

/** Forget everything that this browser knows. */
export async function signOut() {
  await request("/auth/sign-out", { method: "POST", key: null });
  leave();
}

/** Begin anew, as nobody. What was deleted or signed out elsewhere ends here, too. */
export function leave() {
  forgetDrafts();
  tell({ kind: "signed-out" });
  location.replace(location.pathname);
}

/** @param {Profile} profile */
async function welcome(profile) {
  const known = me.peek();
  if (known && known.email !== profile.email) return location.reload();
  const wasNobody = known === null || ended.peek();
  me.value = profile;
  ended.value = false;
  if (wasNobody) changed("/");
  if (wasNobody || !known) tell({ kind: "signed-in" });
}

onExpired(() => {
  if (!me.peek()) return Promise.resolve(false);
  ended.value = true;
  return new Promise((resolve) => {
    const unwatch = effect(() => {
      if (ended.value) return;
      resolve(true);
      queueMicrotask(() => unwatch());
    });
  });
});

onTold(({ kind }) => {
  if (kind === "signed-out") location.replace(location.pathname);
  if (kind === "signed-in" && (ended.peek() || !me.peek())) start().catch(() => {});
});
