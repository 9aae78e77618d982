// The recorded runs: nothing fails, on `reference` and in float32, and how many cases of each file the library reproduces
// is pinned.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openBackend } from "../../runtime/index.js";
import { deviations } from "./deviations.js";
import { FormatError } from "./format.js";
import { listed, runFile, summarise } from "./run.js";

const folder = fileURLToPath(new URL("./cases/", import.meta.url));

/** Passed and unsupported cases of each file. */
const counts: Readonly<Record<string, readonly [passed: number, unsupported: number]>> = {
  "diff-sampler.json": [10, 0],
  "diff-sampler-further.json": [32, 0],
  "diffusers-edm-flow.json": [22, 0],
  "diffusers-index.json": [27, 0],
  "diffusers-multistep.json": [80, 0],
  "diffusers-sigma.json": [37, 0],
  "dpmsolver.json": [67, 0],
  "edm.json": [13, 0],
  "edm-further.json": [13, 0],
  "guided-diffusion.json": [9, 0],
  "guided-diffusion-further.json": [13, 0],
  "kdiffusion-deterministic.json": [63, 0],
  "kdiffusion-stochastic.json": [30, 0],
  "kdiffusion-further.json": [4, 0],
  "sa-solver.json": [8, 0],
  "sa-solver-further.json": [13, 0],
  "score-sde.json": [12, 0],
  "score-sde-further.json": [17, 0],
  "seeds-bdia.json": [2, 0],
  "seeds-deis.json": [3, 0],
  "seeds-dpm-solver-v3.json": [2, 0],
  "seeds-evodiff.json": [2, 0],
  "seeds-gdss.json": [2, 0],
  "seeds-ghvb.json": [3, 0],
  "seeds-interpolant.json": [2, 0],
  "seeds-inversion.json": [2, 0],
  "seeds-lml.json": [2, 0],
  "seeds-mrs.json": [2, 0],
  "seeds-pfgmpp.json": [2, 0],
  "seeds-sada.json": [2, 0],
  "unipc.json": [24, 0],
};

describe("recorded runs", () => {
  test.each(Object.entries(counts))("%s", async (name, [passed, unsupported]) => {
    const cases = await runFile(name, readFileSync(folder + name, "utf8"), await openBackend("reference"));
    const report = summarise(cases);
    expect(cases.filter(({ status }) => status === "fail")).toEqual([]);
    expect([report.passed, report.unsupported]).toEqual([passed, unsupported]);
    // Whatever does not pass is on the list, with its reason.
    const reasons = new Set(deviations.map((entry) => entry.reason));
    for (const { id, status, reason } of cases)
      if (status === "unsupported") expect(reasons, id).toContain(reason);
  });

  test.each(Object.keys(counts))("%s in float32", async (name) => {
    const text = readFileSync(folder + name, "utf8");
    for (const backend of ["cpu", "wasm"] as const) {
      const cases = await runFile(name, text, await openBackend(backend));
      expect(cases.filter(({ status }) => status !== "pass")).toEqual([]);
    }
  });

  test("runs of other sources are unsupported, each with a reason", async () => {
    const others = readdirSync(folder).filter((name) => name.startsWith("seeds-") && !(name in counts));
    expect(others.length).toBeGreaterThan(0);
    for (const name of others) {
      const cases = await runFile(name, readFileSync(folder + name, "utf8"), await openBackend("reference"));
      expect(new Set(cases.map(({ status }) => status))).toEqual(new Set(["unsupported"]));
    }
  });
});

describe("a wrong run is noticed", () => {
  type Change = (entry: Record<string, unknown>) => void;
  /** The first cases of a file, each changed. */
  const changed = (name: string, change: Change, count = 1): string => {
    const parsed = JSON.parse(readFileSync(folder + name, "utf8")) as { cases: Record<string, unknown>[] };
    const cases = parsed.cases.slice(0, count);
    cases.forEach(change);
    return JSON.stringify({ ...parsed, cases });
  };
  const file = (change: Change): string => changed("kdiffusion-deterministic.json", change);
  const status = async (text: string): Promise<string | undefined> =>
    (await runFile("changed.json", text, await openBackend("reference")))[0]?.status;

  test("unchanged, it passes", async () => {
    expect(await status(file(() => undefined))).toBe("pass");
  });

  test("in float32, a state that differs by what rounding cannot do", async () => {
    const text = file((entry) => {
      const [first] = entry["trajectory"] as [number[][]];
      (first[0] as number[])[0] = ((first[0] as number[])[0] as number) + 1e-3;
    });
    const [found] = await runFile("changed.json", text, await openBackend("wasm"));
    expect(found?.status).toBe("fail");
    const [right] = await runFile(
      "same.json",
      file(() => undefined),
      await openBackend("wasm"),
    );
    expect(right?.status).toBe("pass");
  });

  test("a case on the list of deviations that passes", () => {
    const passed = { status: "pass", maxRelError: 0, reason: null } as const;
    expect(listed(passed, undefined).status).toBe("pass");
    expect(listed(passed, "a reason").status).toBe("fail");
  });

  test("a state that differs by more than the tolerance", async () => {
    const text = file((entry) => {
      const [first] = entry["trajectory"] as [number[][]];
      (first[0] as number[])[0] = ((first[0] as number[])[0] as number) + 1e-6;
    });
    expect(await status(text)).toBe("fail");
  });

  test.each<[what: string, name: string, change: Change]>([
    [
      "the end of a way back",
      "seeds-inversion.json",
      (entry) => {
        const inversion = entry["inversion"] as { x_T: number[][] };
        (inversion.x_T[0] as number[])[0] = ((inversion.x_T[0] as number[])[0] as number) + 1e-6;
      },
    ],
    [
      "a further result",
      "seeds-ghvb.json",
      (entry) => {
        const last = (entry["velocity"] as number[][][]).slice(-1)[0] as [number[]];
        last[0][0] = (last[0][0] as number) + 1e-6;
      },
    ],
    [
      "a weight",
      "seeds-deis.json",
      (entry) => {
        const [row] = (entry["coefficients"] as { eps: number[][] }).eps as [number[]];
        row[0] = (row[0] as number) + 1e-6;
      },
    ],
    ["the number of calls", "seeds-bdia.json", (entry) => (entry["nfe"] = 11)],
  ])("%s that differs", async (_, name, change) => {
    expect(await status(changed(name, change))).toBe("fail");
  });

  test("an option that nobody implements is not ignored", async () => {
    const text = file((entry) => {
      entry["options"] = { ...(entry["options"] as object), s_twist: 2 };
    });
    expect(await status(text)).toBe("unsupported");
  });

  test.each(Object.keys(counts).filter((name) => name.startsWith("seeds-")))(
    "in %s neither",
    async (name) => {
      const other: Change = (entry) =>
        (entry["options"] = { ...(entry["options"] as object), unheard_of: 1 });
      const cases = await runFile(name, changed(name, other, Infinity), await openBackend("reference"));
      expect(new Set(cases.map((found) => found.status))).toEqual(new Set(["unsupported"]));
    },
  );

  const pfgmpp = (change: Change): Promise<string | undefined> =>
    status(changed("seeds-pfgmpp.json", change));

  test.each<[string, Change]>([
    ["another number of network calls", (entry) => (entry["nfe"] = 14)],
    ["a call at another level", (entry) => ((entry["eval_sigma"] as number[])[3] = 5.02)],
    [
      "a first state that its law does not give",
      (entry) => (((entry["x_init"] as number[][])[0] as number[])[0] = -26.53),
    ],
  ])("%s", async (_, change) => {
    expect(await pfgmpp(() => undefined)).toBe("pass");
    expect(await pfgmpp(change)).toBe("fail");
  });

  test("noise that was not recorded", async () => {
    const text = file((entry) => {
      entry["options"] = { ...(entry["options"] as object), s_churn: 5 };
    });
    expect(await status(text)).toBe("fail");
  });

  test.each(["", "{}", "[1]", '{"models": {}, "cases": [{"id": "a"}]}'])(
    "not of the format: %s",
    async (text) => {
      await expect(runFile("x.json", text, await openBackend("reference"))).rejects.toThrow(FormatError);
    },
  );
});
