// Owns: the way to tfjs networks that does not load tfjs before it is needed. Knows nothing of networks.

import type { PlanModel } from "../../compiler/plan/schema.js";
import type { Model } from "../model.js";
import type { TfFiles } from "./tfjs.js";

/** A tfjs network from the parsed model.json and its weights in memory; see `tfjsModel`. Throws D0602, D0603. */
export async function loadTfjsModel(files: TfFiles, declared: PlanModel, backend?: string): Promise<Model> {
  const { tfjsModel } = await import("./tfjs.js");
  return tfjsModel(files, declared, backend);
}
