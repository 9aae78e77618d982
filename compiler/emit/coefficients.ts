export const emitCoefficients = (run: unknown): string => "";
