// Owns: the limits that keep hostile or broken input from exhausting memory, stack or time. Every stage that enforces
// one reports a D08 code; nothing else decides how much is too much.

export const limits = {
  /** Size of one source file, in bytes of UTF-8. */
  sourceBytes: 1 << 20,
  /**
   * Open brackets and blocks, and whatever else nests: `else when`, `- -`, `a^b^c`. A bracket costs the parser some 60
   * calls, and a main thread of Node or a browser has a stack of 1 MB: calls in calls end it at 110.
   */
  nesting: 64,
  /** Operators of one expression, those of the brackets around it included: long chains become deep trees. */
  operators: 500,
  /** Files of one program. */
  imports: 256,
  /** Errors of one file that are shown, and warnings of one file; the rest is counted. */
  errorsShown: 100,
  /** Steps of one run. */
  steps: 10_000,
  /** Elements of one range, both ends included. */
  range: 100_000,
  /** Passes of one `repeat`. */
  passes: 1000,
  /** Elements of sums, lists and loops that one program may unroll. */
  elements: 2_000_000,
  /** Size of one plan, in bytes. */
  planBytes: 16 << 20,
} as const;
