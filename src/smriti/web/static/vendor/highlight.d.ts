import hljs from "highlight.js/lib/core";

export { hljs };
