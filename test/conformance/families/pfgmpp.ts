// Owns: Newbeeer/pfgmpp: EDM's sampler on the Poisson flow in D further dimensions, r = sigma sqrt(D). Only the network
// and the law of the first state differ.

import { checkPlain, formRaw } from "../../../runtime/models/analytic.js";
import type { Model } from "../../../runtime/index.js";
import { Fields, type Case, type CaseFile, type Tensor } from "../format.js";
import { checkNames, literal, oneOf, unsupported, type Replay } from "../spec.js";
import { edmSampler } from "./edm.js";

/**
 * The denoiser of point masses m_k under the Poisson kernel: a mean of the m_k with weights
 * w_k (|x - m_k|^2 + r^2)^(-(N + D)/2).
 */
function pointMixture(fields: Fields): Model {
  const [N, D] = [fields.number("N"), fields.number("D")];
  const weights = fields.numbers("weights");
  const means = fields.tensor("means").data;
  if (fields.has("stds") && fields.numbers("stds").some((std) => std !== 0))
    return unsupported("a Poisson mixture whose parts have a width");
  const name = "point mixture";
  const posterior = (x: ArrayLike<number>, at: number, sigma: number, out: Float64Array): void => {
    const logs = weights.map((weight, k) => {
      let square = D * sigma ** 2;
      for (let i = 0; i < N; i++) square += ((x[at + i] as number) - (means[k * N + i] as number)) ** 2;
      return Math.log(weight) - ((N + D) / 2) * Math.log(square);
    });
    const top = Math.max(...logs);
    const shares = logs.map((log) => Math.exp(log - top));
    const total = shares.reduce((a, b) => a + b, 0);
    shares.forEach((share, k) => {
      for (let i = 0; i < N; i++)
        out[at + i] = (out[at + i] as number) + (share / total) * (means[k * N + i] as number);
    });
  };
  return {
    capabilities: { name, sampleShape: [N], conditions: "none", outputs: [], time: null },
    async evaluate(call) {
      checkPlain(call, name);
      const state = await call.state.read();
      const x0 = new Float64Array(state.length);
      for (let at = 0; at < state.length; at += N) posterior(state, at, call.sigma, x0);
      return formRaw(call, name, state, x0);
    },
  };
}

/** The draws behind the first state: R = sigma_max sqrt(D) sqrt(B/(1 - B)) in a uniform direction. */
function priorOf(entry: Case): { readonly directions: Tensor; readonly draws: Tensor } | undefined {
  if (!entry.fields.has("prior")) return undefined;
  const prior = entry.fields.object("prior");
  const draws = prior.numbers("beta_draws");
  return {
    directions: prior.tensor("unit"),
    draws: { data: Float64Array.from(draws), shape: [draws.length, 1] },
  };
}

export function pfgmpp(entry: Case, file: CaseFile): Replay {
  const { options, schedule } = entry;
  oneOf("solver", entry.solver, ["pfgmpp-heun"]);
  checkNames(options, ["D", "N", "num_steps", "S_churn", "S_min", "S_max", "S_noise"]);
  checkNames(schedule, ["kind", "rho", "sigma_min", "sigma_max", "append_zero", "r"]);
  oneOf("schedule", schedule.text("kind"), ["karras"]);
  if (!schedule.flag("append_zero", true)) unsupported("a grid that does not end at zero");
  if (!entry.prediction.startsWith("denoiser")) unsupported(`a model that predicts '${entry.prediction}'`);
  if (entry.guidance) unsupported(`guidance '${entry.guidance.kind}' is not implemented`);
  const kind = file.others.get(entry.model) ?? unsupported(`the model '${entry.model}'`);
  oneOf("model", kind.text("kind"), ["pfgmpp-point-mixture"]);
  const D = options.number("D");
  if (kind.number("D") !== D) unsupported("a network for another number of dimensions");
  const S_max = options.number("S_max", Infinity);
  const edm: Case = {
    ...entry,
    options: new Fields(
      {
        num_steps: options.number("num_steps"),
        sigma_min: schedule.number("sigma_min"),
        sigma_max: schedule.number("sigma_max"),
        rho: schedule.number("rho"),
        S_churn: options.number("S_churn"),
        S_min: options.number("S_min"),
        S_max: S_max === Infinity ? "inf" : S_max,
        S_noise: options.number("S_noise"),
      },
      options.where,
    ),
    schedule: new Fields({}, schedule.where),
  };
  const prior = priorOf(entry);
  const calls = {
    count: entry.fields.number("nfe"),
    levels: entry.fields.has("eval_sigma") ? entry.fields.numbers("eval_sigma") : undefined,
  };
  const network = pointMixture(kind);
  if (!prior) return { ...edmSampler(edm), network, calls };
  const made = edmSampler(edm, {
    inputs: ["beta: tensor"],
    init: `sigma[start]*sqrt(${literal(D)}*beta/(1 - beta))*x_init`,
  });
  return {
    ...made,
    network,
    calls,
    inputs: { beta: prior.draws },
    // The first state is a result too.
    packed: {
      ...entry,
      init: prior.directions,
      trajectory: [entry.init, ...(entry.trajectory ?? [])],
    },
    trajectory: [0, ...made.trajectory],
  };
}
