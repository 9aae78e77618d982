// Owns: the public face of the runtime in Node: everything of index.ts, and what needs files.

export * from "./index.js";
export { readBytes, readJson, writeAtomically } from "./io/files.js";
export { openModel, type OpenOptions } from "./models/open.js";
