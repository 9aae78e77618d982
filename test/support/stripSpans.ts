// Owns: trees without positions, for comparing what a text means.

/** A deep copy without `span` keys; comments, which are all position, go too. */
export function stripSpans(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(stripSpans);
  if (typeof node !== "object" || node === null) return node;
  const kept = Object.entries(node).filter(([key]) => key !== "span" && key !== "comments");
  return Object.fromEntries(kept.map(([key, value]) => [key, stripSpans(value)]));
}
