// The window: a button in a corner of somebody else's page, and the talk that it opens.
// Everything stands in a shadow tree with styles of its own; text enters the page as text.

const ICON = "M4 4h16a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z";
const script = document.currentScript;

function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function icon() {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [name, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  path.setAttribute("d", ICON);
  svg.append(path);
  return svg;
}

class Widget {
  constructor({ apiKey, apiUrl, position = "right", theme = "auto", primaryColor, placeholder = "Write a message…" }) {
    this.line = new Line(apiUrl.replace(/\/$/, ""), apiKey);
    this.button = make("button", { className: "toggle", type: "button", "aria-label": "Open chat", "aria-expanded": "false" }, icon());
    this.title = make("h2", {}, "Chat");
    this.fresh = make("button", { type: "button", "aria-label": "New conversation", title: "New conversation" }, "+");
    this.close = make("button", { type: "button", "aria-label": "Close chat", title: "Close" }, "×");
    this.messages = make("ol", { "role": "log", "aria-live": "polite", "aria-label": "Messages", tabIndex: 0 });
    this.status = make("p", { className: "status", role: "status" });
    this.google = make("button", { className: "google", type: "button", hidden: true }, "Sign in with Google");
    this.text = make("textarea", { rows: 2, maxLength: 10000, placeholder, "aria-label": "Message" });
    this.send = make("button", {}, "Send");
    this.form = make("form", { hidden: true }, this.text, this.send);
    this.panel = make(
      "section",
      { className: "panel", hidden: true, "role": "dialog", "aria-label": "Chat" },
      make("header", {}, this.title, this.fresh, this.close),
      this.messages, this.status, this.google, this.form,
    );
    this.host = make("div", { id: "smriti-widget" });
    this.host.dataset.position = position;
    this.host.dataset.theme = theme;
    if (primaryColor) this.host.style.setProperty("--smriti-accent", primaryColor);
    const root = this.host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS_TEXT);
    root.adoptedStyleSheets = [sheet]; // a page's policy forbids <style>, but not this
    root.append(this.panel, this.button);
    this.listen();
    document.body.append(this.host);
    if (this.line.kept.open) this.show(true); // as it was left; the page keeps the focus
  }

  listen() {
    this.button.onclick = () => (this.panel.hidden ? this.open() : this.shut());
    this.close.onclick = () => this.shut();
    this.fresh.onclick = () => this.begin();
    this.google.onclick = () => this.attempt(async () => {
      await this.line.enterWithGoogle();
      await this.enter();
    });
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.ask();
    };
    this.text.onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.ask();
    };
    this.panel.onkeydown = (event) => {
      if (event.key === "Escape") this.shut();
    };
  }

  open() {
    this.byHand = true;
    this.show(true);
    this.text.focus();
  }

  shut() {
    this.show(false);
    this.button.focus();
  }

  show(open) {
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    this.button.setAttribute("aria-label", open ? "Close chat" : "Open chat");
    this.line.keep({ open });
    if (open) this.entered ??= this.attempt(() => this.enter());
  }

  /** Run an action; what goes wrong is told, not swallowed. */
  async attempt(action) {
    this.status.textContent = "";
    try {
      return await action();
    } catch (error) {
      if (!this.ready) this.entered = undefined; // tried again when the window is opened again
      this.status.textContent = error instanceof TypeError ? "The server cannot be reached." : error.message;
    }
  }

  async enter() {
    const config = await this.line.json("/widget/config");
    this.title.textContent = config.agent_name;
    this.panel.setAttribute("aria-label", `Chat with ${config.agent_name}`);
    this.welcome = config.welcome_message;
    if (!this.line.kept.token && config.anonymous) await this.line.enter();
    const known = Boolean(this.line.kept.token);
    [this.google.hidden, this.form.hidden] = [known || !config.google, !known];
    if (!known && !config.google) throw new Error("Nobody can sign in here.");
    if (!known) return;
    let said;
    try {
      said = await this.line.history();
    } catch (error) {
      if (error.tokenEnded) return this.enter(); // too long ago: nobody knows who it was
      throw error;
    }
    this.messages.replaceChildren();
    if (this.welcome) this.add("assistant", this.welcome);
    for (const { role, content } of said) this.add(role, content);
    this.ready = true;
    if (this.byHand) this.text.focus();
    if (this.line.kept.asked) await this.hear(this.line.answer());
  }

  begin() {
    if (this.busy) return;
    this.line.keep({ conversation: undefined });
    this.messages.replaceChildren();
    if (this.welcome) this.add("assistant", this.welcome);
    this.text.focus();
  }

  ask() {
    const content = this.text.value.trim();
    if (!content || this.busy || !this.ready) return;
    this.text.value = "";
    this.add("user", content);
    this.attempt(() => this.hear(this.line.ask(content)));
  }

  /** Show an answer as it comes. */
  async hear(events) {
    const bubble = this.add("assistant", "");
    this.wait(true);
    try {
      for await (const { event_type, content } of events) {
        if (event_type === "AGENT_RESPONSE_TO_USER") bubble.textContent += content;
        if (event_type === "SNAPSHOT") bubble.textContent = content;
        if (event_type === "TURN_RESUMED") bubble.textContent = "";
        if (event_type === "ERROR") throw new Error(content);
        this.scroll();
      }
    } finally {
      if (!bubble.textContent) bubble.remove();
      this.wait(false);
    }
  }

  wait(busy) {
    this.busy = busy;
    this.send.disabled = busy;
    this.messages.setAttribute("aria-busy", String(busy)); // an answer is read out when it is whole
  }

  add(role, content) {
    const bubble = make("li", { className: role }, content);
    this.messages.append(bubble);
    this.scroll();
    return bubble;
  }

  scroll() {
    this.messages.scrollTop = this.messages.scrollHeight;
  }
}

function init(options) {
  const apiUrl = options.apiUrl ?? script.src.replace(/\/widget\.js.*$/, "");
  const start = () => new Widget({ ...options, apiUrl });
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start, { once: true });
}

window.SmritiWidget = { init };
if (script?.dataset.apiKey) init({ ...script.dataset });
