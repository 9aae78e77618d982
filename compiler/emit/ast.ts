export const emitAst = (tree: unknown, source: unknown): string => "";
