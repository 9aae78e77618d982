// Owns: every form of claim in an `expect` block, with an instance that is true and one that is false.

import { describe, expect, test } from "vitest";
import { checkClaims } from "../../../compiler/certify/claims.js";
import { checkProgram } from "../../../compiler/check/check.js";
import { Diagnostics } from "../../../compiler/diagnostics/report.js";
import { memoryHost } from "../../../compiler/host.js";
import { Program } from "../../../compiler/resolve/module.js";

const definitions = `
solver low_start {
  start ddim
  step {
    x[t] = integrate(s -> t, x0, over: lambda, through: s-2 .. s)
  }
}
solver clipped { step { x[t] = jump(s -> t, x0: max(min(x0[s], 1), -1)) } }
solver renamed(eta = 0) {
  noise w
  step { x[t] = jump(s -> t, eta: eta, noise: w) }
}
solver shrunk { step { x[t] = 0.999*ddim(s -> t) } }
schedule vp_again {
  time t from 1 to 0.001
  alpha = exp(-(20 - 0.1)/4*t^2 - 0.1/2*t)
  sigma = sqrt(1 - alpha^2)
}
schedule other_times {
  time t from 1 to 0.01
  alpha = 1 - t
  sigma = t
}
grid walk { lambda[i] = lerp(-2, 2, sin(2*i/steps))  for i in 0 .. steps }
grid straight { lambda[i] = lerp(-2, 2, i/steps)  for i in 0 .. steps }
grid straight_too { lambda[i] = -2 + 4*i/steps  for i in 0 .. steps }
guidance doubled(scale = 7.5) {
  input prompt: condition
  call c = model(cond: prompt)
  call u = model(cond: none)
  eps = u.eps + scale*(c.eps - u.eps)
}
parameterization v_again = alpha*eps - sigma*x0
sampler one {
  schedule vp_linear
  model predicts eps
  grid straight
  steps 8
  solver dpmpp_2m_phi
}
sampler two {
  schedule vp_linear
  model predicts x0
  grid straight_too
  steps 8
  solver abnorsett(k: 2)
}
sampler three(n = 8) {
  schedule vp_linear
  model predicts x0
  grid straight
  steps n
  solver dpmpp_3m_exact
}
sampler broken {
  schedule vp_linear
  model predicts x0
  grid karras
  steps 8
  solver dpmpp_2m
}
`;

/** All claims as one file, checked once; what is found of each by its place. */
function checkAll(claims: readonly string[]): {
  found: readonly (readonly string[])[];
  confirmed: readonly string[];
} {
  const diagnostics = new Diagnostics();
  const starts: number[] = [];
  let text = definitions;
  for (const claim of claims) {
    starts.push(text.length);
    text += claim;
  }
  const program = new Program(memoryHost({ "a.dsamp": text }), diagnostics);
  const module = program.load("a.dsamp");
  if (!module) throw new Error("no module");
  checkProgram(program);
  const { expected } = checkClaims(module, program);
  const found = starts.map((start, i) =>
    diagnostics.all
      .filter(({ primary }) => {
        const at = primary?.span.start ?? -1;
        return at >= start && at < (starts[i + 1] ?? text.length);
      })
      .map((item) => `${item.code} ${item.message}`),
  );
  return { found, confirmed: expected.map(({ how }) => how ?? "") };
}

const check = (text: string): { found: readonly string[]; confirmed: readonly string[] } => {
  const { found, confirmed } = checkAll([text]);
  return { found: found[0] ?? [], confirmed };
};

/** Subject, a claim that holds, how it is decided, a claim that does not hold, and the reason. */
const pairs: readonly (readonly [string, string, RegExp, string, RegExp])[] = [
  ["dpmpp_2m", "order 2", /^$/, "order 3", /has order 2/],
  ["ipndm(k: 4)", "order 4 on uniform(rho)", /^$/, "order 4 on smooth", /order 2 on smooth grids/],
  ["ipndm(k: 3)", "order 2 on log_snr", /^$/, "order 3 on log_snr", /order 2 on smooth grids/],
  ["euler", "order 1 on flow", /^$/, "order 2 on flow", /has order 1/],
  ["ddim", "order 1 on coefficient_limits", /^$/, "order 2 on coefficient_limits", /has order 1/],
  ["low_start", "run order 2", /^$/, "run order 3", /a run with this rule has order 2/],
  ["euler_maruyama", "weak order 1", /^$/, "weak order 2", /has weak order 1/],
  ["heun", "calls 2", /^$/, "calls 1", /makes 2 calls a step, not 1/],
  [
    "solver ddpm",
    "equals ddim(eta: 1)",
    /symbolically/,
    "equals ddim",
    /not the same map; at step 0 .* weight of/,
  ],
  ["renamed(eta: 1)", "equals ddpm", /symbolically/, "equals ddim(eta: 0.5)", /not the same map/],
  ["euler", "equals ddim on flow", /numerically/, "equals ddim", /not the same map/],
  ["lml(kappa: 0)", "equals ddim", /on random data/, "equals euler", /not the same map/],
  ["clipped", "equals clipped", /symbolically/, "equals ddim", /not the same map/],
  ["bdia", "inverse bdia", /symbolically/, "inverse o_belm", /not the same map/],
  ["bdia(gamma: 0.9)", "is invertible", /^$/, "inverse bdia(gamma: 0.9)", /not the same map/],
  ["o_belm", "is invertible", /^$/, "is not invertible", /is so/],
  ["heun", "is not invertible", /^$/, "is invertible", /cannot be inverted/],
  ["bdia(gamma: 0.9)", "is zero_stable", /^$/, "is not zero_stable", /is so/],
  ["bdia", "is weakly_stable", /^$/, "is not weakly_stable", /moduli 1/],
  ["ddim", "is not weakly_stable", /^$/, "is weakly_stable", /no root but 1/],
  ["ddim", "is linear", /^$/, "is not linear", /is so/],
  ["clipped", "is not linear", /^$/, "is linear", /is not so/],
  ["ddim(eta: 1)", "is marginal_preserving", /numerically/, "is not marginal_preserving", /is so/],
  ["shrunk", "is not marginal_preserving", /^$/, "is marginal_preserving", /x0 has the weight/],
  ["dpm_solver_3(r2: 1/2)", 'fails "D0412"', /^$/, 'fails "D0411"', /rejected with D0412/],
  ["dpmpp_2m", 'fails "D0420" on karras', /^$/, 'fails "D0420" on straight', /it holds as it stands/],
  ["ddim(eta: 1/2)", "holds eta < 1", /^$/, "holds eta > 1", /does not hold/],
  [
    "schedule vp_again",
    "equals vp_linear",
    /numerically|symbolically/,
    "equals flow",
    /time goes from 1 to 0.001 and/,
  ],
  ["shift(base: flow, by: 1)", "equals flow", /symbolically/, "equals shift(by: 2)", /at time .* alpha is/],
  [
    "vp_linear",
    "holds lambda[start] < -5",
    /on vp_linear/,
    "holds lambda[start] < -9",
    /lambda\[start\] is -/,
  ],
  ["vp_linear", "holds alpha(0.5) > 0.2", /vp_linear/, "holds alpha(0.5) > 0.9", /alpha\(0.5\) is 0/],
  ["vp_linear", "is monotone", /257/, "is not monotone", /is so/],
  ["straight", "equals straight_too", /numerically/, "equals karras", /differ on|cannot be laid/],
  ["karras", "holds sigma[end] == 0", /edm/, "holds sigma[end] > 0", /sigma\[end\] is 0/],
  ["karras", "is monotone on edm", /edm/, "is not monotone on edm", /is so/],
  ["walk", "is not monotone on edm", /^$/, "is monotone on edm", /not less noisy/],
  ["leading", 'fails "D0401" on flow', /^$/, 'fails "D0402" on flow', /rejected with D0401, not D0402/],
  ["cfg(scale: 1)", "calls 1", /^$/, "calls 2", /makes 1 network calls/],
  ["cfg_rescale(phi: 0)", "equals cfg", /numerically/, "equals cfg(scale: 2)", /not the same map/],
  ["doubled", "equals cfg", /numerically/, "equals cfg_rescale", /not the same map/],
  ["guidance cfg_rescale", "is not linear", /^$/, "is linear", /is not so/],
  ["parameterization v_again", "equals v", /numerically/, "equals score", /not the same map/],
  ["one", "equals two", /numerically/, "equals three", /differ at .* steps, first at step/],
  ["one", "order 2", /^$/, "order 3", /the run of `one` has order 2/],
  ["three", "run order 2", /^$/, "run order 3", /has order 2, not 3: step 0 is made by `ddim`|has order 2/],
  ["one", "calls 8", /^$/, "calls 9", /makes 8 network calls in all/],
  ["three(n: 5)", "calls 5", /^$/, "calls 8", /makes 5 network calls in all/],
  ["one", "holds sigma[end] > 0", /^on/, "holds sigma[end] == 0", /sigma\[end\] is 0/],
  ["one", "is linear", /^$/, "is not linear", /is so/],
  ["one", "is monotone", /^$/, "is not monotone", /is so/],
  ["one", "is marginal_preserving", /numerically/, "is not marginal_preserving", /is so/],
  ["broken", 'fails "D0420"', /^$/, 'fails "D0421"', /rejected with D0420, not D0421/],
];

describe("claims", () => {
  const held = checkAll(pairs.map(([subject, claim]) => `expect ${subject} { ${claim} }\n`));
  const missed = checkAll(pairs.map(([subject, , , claim]) => `expect ${subject} { ${claim} }\n`));

  test.each(pairs.map(([subject, claim, how], i) => [subject, claim, how, i] as const))(
    "%s { %s }",
    (_subject, _claim, how, i) => {
      expect(held.found[i]).toEqual([]);
      expect(held.confirmed).toHaveLength(pairs.length);
      expect(held.confirmed[i]).toMatch(how);
    },
  );

  test.each(pairs.map(([subject, , , claim, reason], i) => [subject, claim, reason, i] as const))(
    "%s, not { %s }",
    (_subject, _claim, reason, i) => {
      expect(missed.found[i]).toEqual([expect.stringMatching(/^D0910 /)]);
      expect(missed.found[i]?.[0]).toMatch(reason);
      expect(missed.confirmed).toEqual([]);
    },
  );
});

test.each([
  ["karras", "calls 1", "grid"],
  ["vp_linear", "order 1", "schedule"],
  ["cfg", "order 1", "guidance"],
  ["one", "inverse two", "sampler"],
])("a claim that %s cannot make, `%s`, is refused", (subject, claim, sort) => {
  expect(check(`expect ${subject} { ${claim} }\n`).found).toEqual([
    `D0210 this claim cannot be made of a ${sort}`,
  ]);
});

test("a name of several kinds must say which is meant", () => {
  expect(check("expect edm { holds sigma[end] > 0 }\n").found[0]).toMatch(/^D0307 `edm` is a .*: say which/);
  expect(check("expect schedule edm { holds sigma[end] > 0 }\n").found).toEqual([]);
});

test("a condition that is not met claims nothing", () => {
  const { found, confirmed } = check("expect ddim(eta: 1) { order 7 on eta == 0 }\n");
  expect(found).toEqual([]);
  expect(confirmed[0]).toMatch(/nothing is claimed/);
});
