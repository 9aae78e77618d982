export const emitKernels = (plan: unknown): string => "";
