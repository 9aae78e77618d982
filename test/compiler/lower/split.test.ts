// Guidance that assigns x0 and eps apart: the solver goes on from alpha*x0 + sigma*eps. CFG++ as one rule for every
// solver against its published forms, written by hand.

import { describe, expect, test } from "vitest";
import { difference, run, samplerOf } from "./runs.js";

const calls = `
    call c = network(cond: prompt)
    call u = network(cond: none)
    let g = lerp(u.x0, c.x0, 0.6)`;

const byHand: Readonly<Record<string, readonly [string, string]>> = {
  "Euler: x = alpha*guided + sigma*unconditional noise": [
    "euler_rho",
    `solver mine {
      input prompt: condition
      step {${calls}
        x[t] = alpha[t]*g + sigma[t]*u.eps
      }
    }`,
  ],
  ancestral: [
    "euler_ancestral",
    `solver mine {
      input prompt: condition
      noise z
      step {${calls}
        point d at rho = down(rho[s], rho[t], 1)
        x[d] = alpha[d]*g + sigma[d]*u.eps
        x[t] = renoise(d -> t, noise: z)
      }
    }
    use std.common { down }`,
  ],
  "2M: the history keeps the unconditional data": [
    "dpmpp_2m",
    `solver mine {
      input prompt: condition
      carry old[start] = 0
      start euler_rho
      step {${calls}
        old[t] = u.x0
        let h = lambda[t] - lambda[s]
        let moved = alpha[s]*g + sigma[s]*u.eps
        when first { x[t] = alpha[t]*g + sigma[t]*u.eps }
        else {
          let r = (lambda[s] - lambda[s-1])/h
          x[t] = sigma[t]/sigma[s]*moved - alpha[t]*expm1(-h)*(g + (g - old[s])/(2*r))
        }
      }
    }`,
  ],
};

describe("CFG++", () => {
  test.each(Object.entries(byHand))("%s", async (_title, [solver, mine]) => {
    const guided = samplerOf(solver, { more: "guidance cfg_pp(scale: 0.6)" });
    const written = samplerOf("mine", { definitions: mine, more: "input prompt: condition" });
    expect(await difference(guided, written)).toBeLessThan(1e-10);
  });

  test("is not what the guided prediction alone would give", async () => {
    const [split, plain] = [
      await run(samplerOf("ddim", { more: "guidance cfg_pp(scale: 0.6)" })),
      await run(samplerOf("ddim", { more: "guidance cfg(scale: 0.6)" })),
    ];
    expect(Math.abs(split.value - plain.value)).toBeGreaterThan(1e-3);
    expect(split.calls).toBe(plain.calls);
  });

  test("of scale 0 is the unconditional run", async () => {
    expect(
      await difference(samplerOf("ddim", { more: "guidance cfg_pp(scale: 0)" }), samplerOf("ddim")),
    ).toBeLessThan(1e-12);
  });
});
