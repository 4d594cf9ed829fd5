// What the widget says to the server. What must outlive a reload is kept in localStorage.

const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15000];
const SILENCE_MS = 60000; // the server says something every 15 s, if only that it is there
const ASKED_MS = 3600000; // an older question is not taken up again
const ENDS = ["STREAM_COMPLETE", "ERROR"];

/** The server answered, and said no. */
class Refused extends Error {
  constructor(response, { type, detail }) {
    super(detail?.message ?? detail ?? response.statusText);
    this.passing = response.status >= 500;
    this.tokenEnded = type === "/problems/unauthenticated";
  }
}

/** One visitor's line to the agent of one key. */
class Line {
  constructor(api, key) {
    this.api = api;
    this.key = key;
    this.place = `smriti_widget:${key}`;
    this.kept = {};
    try {
      this.kept = JSON.parse(localStorage.getItem(this.place) ?? "{}");
    } catch {} // storage may be forbidden: then nothing outlives the page
  }

  keep(changes) {
    Object.assign(this.kept, changes);
    try {
      localStorage.setItem(this.place, JSON.stringify(this.kept));
    } catch {}
  }

  async request(path, { method = "GET", body, headers = {} } = {}) {
    const { token } = this.kept;
    const response = await fetch(this.api + path, {
      method,
      headers: {
        "x-api-key": this.key,
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body && { "content-type": "application/json" }),
        ...headers,
      },
      body: body && JSON.stringify(body),
    });
    if (response.ok) return response;
    throw new Refused(response, await response.json().catch(() => ({})));
  }

  async json(path, options) {
    return (await this.call(path, options)).json();
  }

  /** The same; a token that has ended is exchanged for a new one. */
  async call(path, options) {
    try {
      return await this.request(path, options);
    } catch (error) {
      if (!error.tokenEnded) throw error;
      await this.enter("/widget/auth/refresh");
      return this.request(path, options);
    }
  }

  /** Become a visitor, or stay one. Who cannot is forgotten, to begin anew. */
  async enter(path = "/widget/auth/anonymous") {
    try {
      const answer = await this.request(path, { method: "POST" });
      this.keep({ token: (await answer.json()).access_token });
    } catch (error) {
      if (error.tokenEnded) this.keep({ token: undefined, conversation: undefined, asked: undefined });
      throw error;
    }
  }

  /** Become a visitor in a window of Google's. Must be called by a click. */
  async enterWithGoogle() {
    const page = `${this.api}/widget/auth/callback-page?origin=${encodeURIComponent(location.origin)}`;
    const query = new URLSearchParams({ api_key: this.key, redirect_uri: page });
    const popup = open(`${this.api}/widget/auth/google?${query}`, "_blank", "popup,width=480,height=640");
    const told = await new Promise((resolve) => {
      addEventListener("message", ({ source, origin, data }) => {
        if (source !== popup || origin !== new URL(this.api).origin) return;
        if (data?.type === "innomight-oauth-callback") resolve(data);
      });
    });
    if (told.error) throw new Error("The sign-in did not work. Please try again.");
    this.keep({ token: told.token });
  }

  /** What was said so far, up to the question that is still to be answered. */
  async history() {
    const { conversation, asked } = this.kept;
    if (asked && Date.now() - asked.at > ASKED_MS) this.keep({ asked: undefined });
    if (!conversation) return [];
    const messages = await this.json(`/widget/conversations/${conversation}/messages`);
    if (!this.kept.asked) return messages;
    const last = messages.findLastIndex(({ role, content }) => role === "user" && content === asked.content);
    return [...messages.slice(0, last < 0 ? messages.length : last), { role: "user", content: asked.content }];
  }

  async *ask(content) {
    if (!this.kept.conversation) {
      const made = await this.json("/widget/conversations", { method: "POST", body: {} });
      this.keep({ conversation: made.conversation_id });
    }
    const name = crypto.getRandomValues(new Uint32Array(4)).join("-");
    this.keep({ asked: { content, name, at: Date.now() } });
    yield* this.answer();
  }

  /** The events of the answer to what was asked, to the end, over as many connections as it takes. */
  async *answer() {
    const { asked, conversation } = this.kept;
    const path = `/widget/conversations/${conversation}`;
    const question = {
      method: "POST",
      body: { content: asked.content },
      headers: { "idempotency-key": asked.name }, // sent again, it is the same question
    };
    let after = 0;
    for (let pauses = PAUSES_MS; ;) {
      try {
        const response = await (asked.turn
          ? this.call(`${path}/turns/${asked.turn}/events?after=${after}`)
          : this.call(`${path}/messages`, question));
        for await (const event of events(response)) {
          if (event.seq && event.seq <= after) continue;
          [pauses, after] = [PAUSES_MS, event.seq];
          if (event.event_type === "MESSAGE_SAVED") this.keep({ asked: Object.assign(asked, { turn: event.turn_id }) });
          if (ENDS.includes(event.event_type)) this.keep({ asked: undefined });
          yield event;
          if (!this.kept.asked) return;
        }
      } catch (error) {
        if (error instanceof Refused && !error.passing) {
          this.keep({ asked: undefined });
          throw error;
        }
      }
      const [pause, ...later] = pauses;
      if (pause === undefined) throw new Error("The connection is lost. Load the page again to go on.");
      pauses = later;
      await new Promise((resolve) => { setTimeout(resolve, pause); });
    }
  }
}

async function* events(response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; reader;) {
    const silence = setTimeout(() => reader.cancel(), SILENCE_MS);
    const { value, done } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length));
    }
  }
}
