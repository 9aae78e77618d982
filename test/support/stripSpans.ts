// Owns: trees without positions, for comparing what a text means.

/** A deep copy without `span` keys; comments, which are all position, go too. */
export function stripSpans(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(stripSpans);
  if (typeof node !== "object" || node === null) return node;
  const kept = Object.entries(node).filter(([key]) => key !== "span" && key !== "comments");
  return Object.fromEntries(kept.map(([key, value]) => [key, stripSpans(value)]));
}

/** The same without what is only layout: whether a block stood on one line. */
export function layoutFree(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(layoutFree);
  if (typeof node !== "object" || node === null) return node;
  const kept = Object.entries(node).filter(([key]) => !["span", "comments", "inline"].includes(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, layoutFree(value)]));
}
