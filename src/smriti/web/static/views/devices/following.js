// One task while it goes on: what is stored of it, and what is told since.
import { json, sentence } from "../../api.js";
import { announce, notify } from "../../components/notices.js";
import { changed, resource } from "../../state/store.js";
import { follow } from "../../stream.js";
import { signal, useEffect, useMemo } from "../../vendor/preact.js";
import { Story } from "./story.js";

/** @import { Step } from "../../components/steps.js" */
/** @import { Resource } from "../../state/store.js" */
/** @import { Connection, StreamEvent } from "../../stream.js" */
/** @import { Signal } from "../../vendor/preact.js" */
/** @import { Approval, SessionStatus, SessionView } from "../../types.d.ts" */

/** @type {Partial<Record<SessionStatus, string>>} */
const ENDS = { completed: "The task is done.", failed: "The task has failed.", cancelled: "The task was cancelled." };

/** Followed as long as it is shown. @param {string} id @returns {Task} */
export function useTask(id) {
  const task = useMemo(() => new Task(id), [id]);
  const isThere = task.kept.data.value !== undefined;
  useEffect(() => {
    const shown = new AbortController();
    const told = (/** @type {unknown} */ error) => { if (!shown.signal.aborted) notify(sentence(error), { tone: "bad" }); };
    if (isThere) task.follow(shown.signal).catch(told);
    return () => shown.abort();
  }, [task, isThere]);
  return task;
}

/** @param {{ status: SessionStatus }} session */
export const isOver = ({ status }) => status in ENDS;

export class Task {
  /** What was told; null: what is stored counts. @type {Signal<Step[] | null>} */
  steps = signal(null);
  /** @type {Signal<"there" | "lost" | "offline">} */
  line = signal("there");
  #story = new Story();
  #frame = 0;
  /** @type {Partial<SessionView>} */
  #news = {};

  /** @param {string} id */
  constructor(id) {
    this.path = `/api/sessions/${encodeURIComponent(id)}`;
    /** @type {Resource<SessionView>} */
    this.kept = resource(this.path);
  }

  /** To its end. @param {AbortSignal} signal */
  async follow(signal) {
    const session = this.kept.data.peek();
    if (!session || isOver(session)) return;
    for await (const event of follow(`${this.path}/events`, { signal })) this.#hear(event);
    cancelAnimationFrame(this.#frame);
    await this.#settle();
  }

  /** @param {Approval} approval @param {boolean} approve @param {string} note */
  async decide(approval, approve, note) {
    try {
      const decision = { approval_id: approval.approval_id, approve, note: note.trim() || null };
      await json(`${this.path}/approvals`, { method: "POST", body: decision });
      announce(approve ? "Approved." : "Denied.");
      this.#tell({ status: "running", approval: null });
    } catch (error) {
      await this.kept.load();
      throw error;
    }
  }

  async cancel() {
    await json(`${this.path}/cancel`, { method: "POST" });
    await this.kept.load();
  }

  /** What is stored is whole, and counts, whatever was told while it was asked for. */
  async #settle() {
    const session = await this.kept.load();
    this.kept.set(session);
    this.steps.value = null;
    announce(ENDS[session.status] ?? "");
    changed("/devices");
  }

  /** @param {StreamEvent | Connection} event */
  #hear(event) {
    if (!isTold(event)) {
      this.line.value = event.state === "back" ? "there" : event.state;
      return;
    }
    this.#story.hear(event);
    Object.assign(this.#news, newsOf(event));
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  #show() {
    this.#frame = 0;
    this.steps.value = [...this.#story.steps];
    this.#tell(this.#news);
    this.#news = {};
  }

  /** @param {Partial<SessionView>} news */
  #tell(news) {
    const session = this.kept.data.peek();
    if (!session || isOver(session)) return;
    if (news.approval && !session.approval) announce("A command waits for your approval.");
    const begun = session.status === "queued" ? { status: /** @type {const} */ ("running") } : {};
    this.kept.set({ ...session, ...begun, ...news });
  }
}

/** @param {StreamEvent | Connection} event @returns {event is StreamEvent} */
const isTold = (event) => event.event_type !== "CONNECTION";

/** What an event says of the task as a whole. @param {StreamEvent} event @returns {Partial<SessionView>} */
function newsOf(event) {
  if (event.event_type === "TOOL_CALL_RESULT") return { status: "running", approval: null };
  if (event.event_type !== "APPROVAL_REQUIRED") return {};
  const { approval_id, tool_name, tool_args } = event;
  return { status: "waiting", approval: { approval_id, tool_name, arguments: tool_args, asked_at: new Date().toISOString() } };
}
