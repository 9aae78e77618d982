// Owns: which part of huggingface/diffusers a recorded run belongs to, told by the family of its schedule.

import type { Case } from "../format.js";
import type { Replay } from "../spec.js";
import { diffusersContinuous } from "./diffusersContinuous.js";
import { diffusersDpm } from "./diffusersDpm.js";
import { diffusersIndex } from "./diffusersIndex.js";
import { diffusersSigma } from "./diffusersSigma.js";

export function diffusers(entry: Case): Replay {
  switch (entry.schedule.text("family", "")) {
    case "sigma":
      return diffusersSigma(entry);
    case "dpm":
      return diffusersDpm(entry);
    case "index":
      return diffusersIndex(entry);
    default:
      return diffusersContinuous(entry);
  }
}
