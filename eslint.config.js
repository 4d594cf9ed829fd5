import js from "@eslint/js";
import globals from "globals";

const never = (property) => ({ property, message: "Text enters the page as text." });
const onlyIn = (file) => `Only ${file} does this.`;

export default [
  { ignores: ["**/vendor/**", "src/smriti/widget/**"] },
  js.configs.recommended,
  {
    files: ["src/smriti/web/static/**/*.js"],
    languageOptions: { ecmaVersion: 2023, sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "max-lines": ["error", 200],
      "complexity": ["error", 8],
      "eqeqeq": "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-console": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc", "createContextualFragment"].map(never),
        { object: "document", property: "write", message: "Text enters the page as text." },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "Identifier[name=/^dangerouslySetInnerHTML$/]", message: "Text enters the page as text." },
        { selector: "TemplateElement[value.raw=/dangerouslySetInnerHTML|innerHTML|\\sstyle=/]", message: "Neither markup from text nor style attributes: classes and custom properties." },
      ],
      "no-restricted-globals": [
        "error",
        ...["fetch", "XMLHttpRequest"].map((name) => ({ name, message: onlyIn("api.js") })),
        { name: "EventSource", message: onlyIn("stream.js, by fetch,") },
      ],
    },
  },
  {
    files: ["src/smriti/web/static/api.js", "src/smriti/web/static/early.js"],
    rules: { "no-restricted-globals": ["error", "EventSource"] },
  },
];
