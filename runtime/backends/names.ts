// Owns: the names of backends, for those that only list them. Imports nothing.

/** Names that `openBackend` takes. */
export const backendNames = ["reference", "null", "cpu", "wasm", "node", "node-gpu", "webgpu"] as const;
