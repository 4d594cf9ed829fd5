// The first run, in three steps: a model, an agent, and the first word, which is said in the chat.
import { Mark } from "../../icons.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { ChooseAgent } from "./agent.js";
import { ChooseModel } from "./model.js";

/** @typedef {{ agent_provider: string, agent_model: string }} Model what an agent thinks with */

const STEPS = ["Choose a model", "Choose an agent", "Say hello"];

export const title = "Welcome";

export function View() {
  const [model, setModel] = useState(/** @type {Model | null} */ (null));
  const [step, setStep] = useState(0);
  const head = useRef(/** @type {HTMLElement | null} */ (null));
  const shown = useRef(step);
  useEffect(() => {
    if (shown.current !== step) head.current?.focus();
    shown.current = step;
  }, [step]);
  const takeModel = (/** @type {Model} */ chosen) => {
    setModel(chosen);
    setStep(1);
  };
  return html`<div class="page welcome">
    <header><${Mark} size=${40} /><p class="muted">Welcome to Smriti. In three steps you talk with an agent that remembers.</p></header>
    <ol class="welcome-steps" aria-label="Steps">${STEPS.map((name, index) => html`<li key=${name} aria-current=${index === step ? "step" : undefined}>
      <span class="initial" aria-hidden="true">${index < step ? "✓" : index + 1}</span><span>${name}${index < step && html`<span class="unseen">, done</span>`}</span></li>`)}</ol>
    <h1 ref=${head} tabindex="-1">${STEPS[step]}</h1>
    ${step === 1 && model ? html`<${ChooseAgent} model=${model} back=${() => setStep(0)} />` : html`<${ChooseModel} done=${takeModel} />`}
  </div>`;
}
