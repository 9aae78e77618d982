// Owns: which family a recorded run belongs to, told by the repository it was recorded from.

import type { Case, CaseFile } from "../format.js";
import { unsupported, type Replay } from "../spec.js";
import { bdia } from "./bdia.js";
import { belm } from "./belm.js";
import { deis } from "./deis.js";
import { diffusers } from "./diffusers.js";
import { diffSampler } from "./diffsampler.js";
import { dpmsolver } from "./dpmsolver.js";
import { dpmSolverV3 } from "./dpmv3.js";
import { edm } from "./edm.js";
import { evodiff } from "./evodiff.js";
import { gdss } from "./gdss.js";
import { guidedDiffusion } from "./guided.js";
import { interpolant } from "./interpolant.js";
import { kdiffusion } from "./kdiffusion.js";
import { lml } from "./lml.js";
import { momentum } from "./momentum.js";
import { mrs } from "./mrs.js";
import { pfgmpp } from "./pfgmpp.js";
import { sada } from "./sada.js";
import { saSolver } from "./sasolver.js";
import { scoreSde } from "./scoresde.js";
import { unipc } from "./unipc.js";

export type Family = (entry: Case, file: CaseFile) => Replay;

const families: Readonly<Record<string, Family>> = {
  "crowsonkb/k-diffusion": kdiffusion,
  "LuChengTHU/dpm-solver": dpmsolver,
  "NVlabs/edm": edm,
  "huggingface/diffusers": diffusers,
  "openai/guided-diffusion": guidedDiffusion,
  "Newbeeer/pfgmpp": pfgmpp,
  "ShiguiLi/EVODiff": evodiff,
  "thu-ml/DPM-Solver-v3": dpmSolverV3,
  "malbergo/stochastic-interpolants": interpolant,
  "harryjo97/GDSS": gdss,
  "Ting-Justin-Jiang/sada-icml": sada,
  "yang-song/score_sde_pytorch": scoreSde,
  "scxue/SA-Solver": saSolver,
  "zju-pi/diff-sampler": diffSampler,
  "wl-zhao/UniPC": unipc,
  "guoqiang-zhang-x/BDIA": bdia,
  "sWizad/momentum-diffusion": momentum,
  "qsh-zh/deis": deis,
  "zituitui/BELM": belm,
  "grrrute/mr-sampler": mrs,
  "zituitui/LML-diffusion-sampler": lml,
};

/** Runs of sources nobody maps yet are unsupported, each with that reason. */
export const familyOf = (file: CaseFile): Family =>
  families[file.repo] ??
  (() => unsupported(`runs of '${file.repo || "this source"}' are not mapped to samplers`));
