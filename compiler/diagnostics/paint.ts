// Owns: terminal colours of rendered diagnostics. Without colour the text is returned as it is.

import type { Severity } from "./codes.js";

export type Style = Severity | "bold" | "gutter" | "secondary";
export type Painter = (style: Style, text: string) => string;

const codesOf: Readonly<Record<Style, string>> = {
  error: "1;31",
  warning: "1;33",
  note: "1;36",
  bold: "1",
  gutter: "34",
  secondary: "36",
};

export const painter =
  (color: boolean): Painter =>
  (style, text) =>
    color && text !== "" ? `\u001b[${codesOf[style]}m${text}\u001b[0m` : text;
