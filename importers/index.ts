// Owns: the importers by the name of their tool.

export { diffusersClasses, importDiffusers, type DiffusersRequest } from "./diffusers/index.js";
export { importComfyUi } from "./comfyui.js";
export { importKDiffusion } from "./kdiffusion.js";
export { readLine, valueOf } from "./line.js";
export { parsePythonJson, type Value } from "./options.js";
export type { Imported, Request, State } from "./imported.js";

/** Tools whose samplers can be imported. */
export const tools = ["diffusers", "k-diffusion", "comfyui"] as const;
