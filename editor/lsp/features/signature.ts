// Owns: signature help: the parameters of the call the cursor is in, and which of them is being written.

import { contextAt, openCall } from "../context.js";
import { describe, parametersOf } from "../describe.js";
import type { Analysis } from "../workspace.js";
import { calleeOf } from "./callee.js";

export interface Signature {
  readonly label: string;
  /** Markdown. */
  readonly text: string;
  readonly parameters: readonly string[];
  /** Absent when none of them is being written. */
  readonly active: number | undefined;
}

export function signature(analysis: Analysis, offset: number): Signature | undefined {
  const context = contextAt(analysis.module.source.text, offset);
  const call = context.inside === "code" ? openCall(context) : undefined;
  const entity = call && calleeOf(analysis, context, call);
  const parameters = entity && parametersOf(entity);
  if (!call || !entity || !parameters || parameters.length === 0) return undefined;
  const byLabel = parameters.findIndex(({ name }) => name === call.label);
  const place = entity.at === undefined ? call.position : call.unnamed;
  const active = call.label === undefined ? (place < parameters.length ? place : -1) : byLabel;
  return {
    label: `${call.callee}(${parameters.map(({ text }) => text).join(", ")})`,
    text: describe(entity).text,
    parameters: parameters.map(({ text }) => text),
    active: active < 0 ? undefined : active,
  };
}
