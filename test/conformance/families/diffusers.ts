// Owns: which part of huggingface/diffusers a recorded run belongs to, told by the family of its schedule.

import type { Case } from "../format.js";
import { unsupported, type Replay } from "../spec.js";
import { diffusersDpm } from "./diffusersDpm.js";
import { diffusersSigma } from "./diffusersSigma.js";

export function diffusers(entry: Case): Replay {
  switch (entry.schedule.text("family", "")) {
    case "sigma":
      return diffusersSigma(entry);
    case "dpm":
      return diffusersDpm(entry);
    default:
      return unsupported(`the scheduler '${entry.solver}' is not mapped to a solver`);
  }
}
