export const emitGraph = (run: unknown): string => "";
