import type { VNode } from "preact";

export { h, Fragment, render, createContext } from "preact";
export {
  useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext, useId, useErrorBoundary,
} from "preact/hooks";
export {
  signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect,
} from "@preact/signals";
export type { Signal, ReadonlySignal } from "@preact/signals";
export type { ComponentChildren, VNode, RefObject, TargetedEvent } from "preact";

export function html(strings: TemplateStringsArray, ...values: unknown[]): VNode<any>;
