// Owns: how many arguments the operations of kernels take, for the schema and for verify.ts.

const unary = "neg abs sqrt exp expm1 log sin cos tan atan floor round logistic not";
const binary = "add sub mul div min max pow atan2 lt le eq ne and or";

/** Number of arguments of every kernel operation. */
export const arity: ReadonlyMap<string, number> = new Map([
  ...unary.split(" ").map((op) => [op, 1] as const),
  ...binary.split(" ").map((op) => [op, 2] as const),
  ["where", 3] as const,
]);
