// Owns: how many arguments the operations of kernels take, for the schema and for verify.ts.

const oneArgument = ["neg", "abs", "sqrt", "exp", "expm1", "log", "sin", "cos", "tan", "atan"];
const oneArgumentMore = ["floor", "round", "logistic", "not"];
const twoArguments = ["add", "sub", "mul", "div", "min", "max", "pow", "atan2"];
const twoArgumentsMore = ["lt", "le", "eq", "ne", "and", "or"];

/** Number of arguments of every kernel operation. */
export const arity: ReadonlyMap<string, number> = new Map([
  ...[...oneArgument, ...oneArgumentMore].map((op) => [op, 1] as const),
  ...[...twoArguments, ...twoArgumentsMore].map((op) => [op, 2] as const),
  ["where", 3] as const,
]);
