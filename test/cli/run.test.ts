// `dsamp run` on small exact models: outputs, inputs, defaults, plans, and everything that can be missing or wrong.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { difference } from "../../cli/run/verify.js";
import { readNpy, readNpz } from "../../runtime/node.js";
import { dsamp, inFolder, repository, type Outcome, type Setting } from "./terminal.js";

const mixture = JSON.stringify({
  kind: "gmm",
  weights: [1, 1],
  means: [
    [2, 0],
    [-2, 0],
  ],
  stds: [0.3, 0.3],
  conditions: {
    right: { weights: [1], means: [[2, 0]], stds: [0.3] },
    left: { weights: [1], means: [[-2, 0]], stds: [0.3] },
  },
});
const spec = `sampler points(n = 6) {
  schedule edm
  model    predicts x0 with file: "points.json", shape: [2]
  grid     karras
  steps    n
  solver   euler
}
`;
const guided = spec.replace("  grid", "  guidance cfg(scale: 2)\n  grid");

/** A folder with the mixture and a spec; `run(...)` is \`dsamp run s.dsamp ...\` in it, on the reference backend. */
const project = <T>(
  text: string,
  work: (run: (argv: readonly string[], setting?: Setting) => Promise<Outcome>, cwd: string) => Promise<T>,
): Promise<T> =>
  inFolder((cwd) => {
    writeFileSync(join(cwd, "points.json"), mixture);
    writeFileSync(join(cwd, "s.dsamp"), text);
    const run = (argv: readonly string[], setting: Setting = {}): Promise<Outcome> =>
      dsamp(["run", "s.dsamp", "--backend", "reference", ...argv], { cwd, ...setting });
    return work(run, cwd);
  });

const arrayIn = (cwd: string, name: string): ReturnType<typeof readNpy> =>
  readNpy(readFileSync(join(cwd, name)), name);

describe("outputs", () => {
  test("without --out: a summary; nothing else when piped", async () => {
    await project(spec, async (run) => {
      const { code, stdout, stderr } = await run(["--count", "5"]);
      expect(stdout.replace(/[\d.]+ s on/, "T s on")).toMatchInlineSnapshot(`
        "points: 5 samples, 6 steps, 6 calls, T s on reference
          shape [5, 2]  mean 0.9472  std 0.9471  min -0.3232  max 1.974
        "
      `);
      expect([code, stderr]).toEqual([0, ""]);
      expect(await run(["--quiet"])).toEqual({ code: 0, stdout: "", stderr: "" });
    });
  });

  test("npy, npz, json and png of one run hold the same samples", async () => {
    await project(spec, async (run, cwd) => {
      const names = ["a.npy", "a.npz", "a.json", "a.png"];
      const { stdout } = await run([
        "--count",
        "7",
        "--seed",
        "3",
        ...names.flatMap((name) => ["--out", name]),
      ]);
      expect(stdout).toContain("written: a.npy, a.npz, a.json, a.png");
      const { shape, data } = arrayIn(cwd, "a.npy");
      expect(shape).toEqual([7, 2]);
      expect(readNpz(readFileSync(join(cwd, "a.npz")), "a").get("arr_0")).toEqual({ shape, data });
      const json = JSON.parse(readFileSync(join(cwd, "a.json"), "utf8"));
      expect(json).toMatchObject({ sampler: "points", seed: "3", shape: [7, 2] });
      expect(json.samples.flat()).toEqual([...data]);
      expect(readFileSync(join(cwd, "a.png")).subarray(1, 4).toString()).toBe("PNG");
    });
  });

  test("points default to a thousand; the seed decides, the batch size does not", async () => {
    await project(spec, async (run, cwd) => {
      await run(["--out", "a.npy"]);
      await run(["--out", "b.npy", "--batch", "300"]);
      await run(["--out", "c.npy", "--seed", "1"]);
      const [a, b, c] = ["a", "b", "c"].map((name) => arrayIn(cwd, `${name}.npy`).data);
      expect(a).toHaveLength(2000);
      expect(b).toEqual(a);
      expect(c).not.toEqual(a);
    });
  });

  test("the trajectory has the state at every grid point", async () => {
    await project(spec, async (run, cwd) => {
      await run(["--count", "4", "--out", "a.npy", "--trajectory", "t.npz", "--batch", "3"]);
      const arrays = readNpz(readFileSync(join(cwd, "t.npz")), "t");
      const x = arrays.get("x")!;
      expect(x.shape).toEqual([7, 4, 2]);
      expect([...x.data].slice(-8)).toEqual([...arrayIn(cwd, "a.npy").data]);
      expect([...arrays.get("sigma")!.data].at(0)).toBe(80);
      expect([...arrays.get("lambda")!.data].at(-1)).toBe(Infinity);
    });
  });

  test("JSON: one document with statistics and files", async () => {
    await project(spec, async (run) => {
      const { stdout, stderr } = await run(["--count", "5", "--out", "a.npy", "--json"]);
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toMatchObject({
        ok: true,
        sampler: "points",
        backend: "reference",
        count: 5,
        calls: 6,
        results: [{ shape: [5, 2] }],
        files: ["a.npy"],
      });
    });
  });

  test("a progress bar on terminals only, and not when quiet", async () => {
    await project(spec, async (run) => {
      expect((await run([], { isTTY: true })).stderr).toContain("0/6 steps");
      expect((await run([], { isTTY: false })).stderr).toBe("");
      expect((await run(["--quiet"], { isTTY: true })).stderr).toBe("");
    });
  });

  test("images make a picture; other shapes are refused before the run", async () => {
    await project(spec.replace("shape: [2]", "shape: [2, 1, 1]"), async (run) => {
      const { code, stderr } = await run(["--out", "a.png"]);
      expect(code).toBe(2);
      expect(stderr).toContain("--out a.png: samples of `points` have the shape [2, 1, 1]");
    });
  });
});

describe("precision", () => {
  test("--verify says how far the first batch is from reference", async () => {
    await project(spec, async (run) => {
      const same = await run(["--count", "5", "--batch", "2", "--verify"]);
      expect(same.stdout).toContain(
        "verified: the first 2 samples differ from reference by at most 0.0e+0, relative 0.0e+0",
      );
      const { stdout } = await run([
        "--count",
        "5",
        "--batch",
        "3",
        "--verify",
        "--json",
        "--backend",
        "wasm",
      ]);
      const { verified, calls } = JSON.parse(stdout) as {
        calls: number;
        verified: { samples: number; results: { absolute: number; relative: number }[] };
      };
      expect([verified.samples, verified.results.length, calls]).toEqual([3, 1, 12]);
      // Float32 and float64 differ, in the last bits.
      expect(verified.results[0]!.absolute).toBeGreaterThan(0);
      expect(verified.results[0]!.relative).toBeLessThan(1e-5);
    });
  });

  test("the difference is relative to the value, or to a typical one near 0", () => {
    const tensor = (...data: number[]) => ({ data: Float64Array.from(data), shape: [data.length] });
    expect(difference(tensor(3.5, 0, 9), tensor(3, 4))).toEqual({ absolute: 4, relative: 1 });
    expect(difference(tensor(1, -2), tensor(0, -2)).relative).toBeCloseTo(1 / Math.SQRT2);
  });

  test("--precision compensated is nearer to reference, and is one of two words", async () => {
    await project(spec, async (run) => {
      const error = async (kind: string): Promise<number> => {
        const flags = ["--steps", "400", "--count", "8", "--verify", "--json", "--backend", "cpu"];
        const { stdout } = await run([...flags, "--precision", kind]);
        return (JSON.parse(stdout) as { verified: { results: { absolute: number }[] } }).verified.results[0]!
          .absolute;
      };
      expect(await error("compensated")).toBeLessThan((await error("plain")) / 3);
      const { code, stderr } = await run(["--precision", "double"]);
      expect(code).toBe(2);
      expect(stderr).toContain("D0706]: --precision takes plain or compensated, not `double`");
    });
  });
});

describe("inputs", () => {
  test("conditions: names, in turn, none; how many samples they mean", async () => {
    await project(guided, async (run, cwd) => {
      await run(["--cond", "prompt=right,left", "--count", "4", "--out", "a.npy"]);
      const { data } = arrayIn(cwd, "a.npy");
      expect([0, 2, 4, 6].map((i) => Math.sign(data[i]!))).toEqual([1, -1, 1, -1]);
      await run(["--cond", "prompt=right,left,left", "--out", "b.npy"]);
      expect(arrayIn(cwd, "b.npy").shape).toEqual([3, 2]);
      writeFileSync(join(cwd, "labels.json"), '["left", "left"]');
      await run(["--cond", "prompt=@labels.json", "--out", "c.npy"]);
      expect(Math.max(arrayIn(cwd, "c.npy").data[0]!, arrayIn(cwd, "c.npy").data[2]!)).toBeLessThan(0);
      expect((await run(["--cond", "prompt=none", "--count", "2"])).code).toBe(0);
    });
  });

  test.each([
    [[], "the condition `prompt` of `points` is not given", 2],
    [["--cond", "promt=left"], "did you mean `prompt`?", 2],
    [["--cond", "prompt=up"], "has no condition 'up'", 3],
    [["--input", "prompt=1"], "`prompt` is a condition; use --cond", 2],
    [["--cond", "prompt=@nowhere.json"], "nowhere.json cannot be read", 3],
  ])("%j: %s", async (argv, message, code) => {
    await project(guided, async (run) => {
      const outcome = await run(argv);
      expect(outcome.stderr).toContain(message);
      expect(outcome.code).toBe(code);
    });
  });

  const noised = spec.replace(
    "  grid",
    "  input image: tensor\n  noise z\n  init { x[start] = renoise(clean -> start, image, noise: z) }\n  grid",
  );

  test("tensors: files and numbers; as many samples as they hold", async () => {
    await project(noised, async (run, cwd) => {
      writeFileSync(join(cwd, "image.json"), "[[1, 0], [2, 0], [3, 0]]");
      expect((await run(["--input", "image=image.json", "--out", "a.npy"])).stderr).toBe("");
      expect(arrayIn(cwd, "a.npy").shape).toEqual([3, 2]);
      expect((await run(["--input", "image=0.5", "--count", "2"])).code).toBe(0);
      writeFileSync(join(cwd, "wide.json"), "[[1, 0, 0]]");
      const wide = await run(["--input", "image=wide.json"]);
      expect([wide.code, wide.stderr.includes("D0703")]).toEqual([2, true]);
      writeFileSync(join(cwd, "ragged.json"), "[[1, 0], [2]]");
      expect((await run(["--input", "image=ragged.json"])).stderr).toContain(
        "array of numbers with equal rows",
      );
      const missing = await run([]);
      expect(missing.code).toBe(2);
      expect(missing.stderr).toContain("the tensor `image` of `points` is not given");
    });
  });
});

describe("models", () => {
  test.each([
    [["--model", "nowhere.json"], 3, "nowhere.json cannot be read"],
    [["--model", "s.dsamp"], 3, "is no kind of model"],
    [["--model", "modle=points.json"], 2, "did you mean `model`?"],
    [["--shape", "3"], 3, "has means of 2 numbers, a sample has 3"],
    [["--backend", "webgl"], 3, "there is no backend 'webgl'"],
  ])("%j", async (argv, code, message) => {
    await project(spec, async (run) => {
      const outcome = await run(argv);
      expect(outcome.stderr).toContain(message);
      expect(outcome.code).toBe(code);
    });
  });

  test("a network of another shape is refused before the first step", async () => {
    const { code, stdout, stderr } = await dsamp(["run", "examples/digits.dsamp", "--shape", "3,28,28"]);
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toMatch(
      /^error\[D0603\]: .* makes samples of shape \[1, 28, 28\], the run has \[3, 28, 28\]/,
    );
  });

  test("a sampler that names no file asks for --model", async () => {
    await project(spec.replace('file: "points.json", ', ""), async (run) => {
      const { code, stderr } = await run([]);
      expect([code, stderr.includes("names no file for its model 'model'")]).toEqual([2, true]);
      expect((await run(["--model", "points.json", "--count", "2"])).code).toBe(0);
      expect((await run(["--model", "model=points.json", "--count", "2"])).code).toBe(0);
    });
  });

  test("what a spec names stays inside its project and never runs as a program", async () => {
    await project(spec.replace("points.json", "../points.json"), async (run) => {
      expect((await run([])).stderr).toContain("lies outside the project");
    });
    await project(spec.replace("points.json", "/etc/hostname"), async (run) => {
      expect((await run([])).stderr).toContain("lies outside the project");
    });
    await project(spec.replace("points.json", "model.mjs"), async (run, cwd) => {
      const proof = join(cwd, "ran");
      const program = `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(proof)}, "");\nexport default (x) => x.map((v) => v / 2);\n`;
      writeFileSync(join(cwd, "model.mjs"), program);
      const refused = await run([]);
      expect([refused.code, existsSync(proof)]).toEqual([3, false]);
      expect(refused.stderr).toContain("a sampler may not start programs");
      const named = await run(["--model", "model.mjs", "--count", "2"]);
      expect([named.stderr, named.code, existsSync(proof)]).toEqual(["", 0, true]);
    });
  });
});

describe("plans", () => {
  test("a plan gives the bytes its spec gives", async () => {
    await project(spec, async (run, cwd) => {
      await run(["--out", "a.npy", "--steps", "5"]);
      expect((await dsamp(["compile", "s.dsamp", "--steps", "5", "-o", "p.json"], { cwd })).code).toBe(0);
      const plan = await dsamp(["run", "p.json", "--backend", "reference", "--out", "b.npy"], { cwd });
      expect([plan.code, plan.stderr]).toEqual([0, ""]);
      expect(readFileSync(join(cwd, "b.npy"))).toEqual(readFileSync(join(cwd, "a.npy")));
    });
  });

  test("plans of another version, malformed, inconsistent; flags that need a spec", async () => {
    await project(spec, async (_, cwd) => {
      await dsamp(["compile", "s.dsamp", "-o", "p.json"], { cwd });
      const plan = JSON.parse(readFileSync(join(cwd, "p.json"), "utf8")) as Record<string, unknown>;
      const outcome = async (changed: object | string, ...argv: string[]): Promise<string> => {
        writeFileSync(join(cwd, "q.json"), typeof changed === "string" ? changed : JSON.stringify(changed));
        const { code, stderr } = await dsamp(["run", "q.json", ...argv], { cwd });
        return `${code} ${/D\d{4}/.exec(stderr)?.[0]}`;
      };
      expect(await outcome({ ...plan, version: 99 })).toBe("3 D0502");
      expect(await outcome({ ...plan, registers: "many" })).toBe("3 D0501");
      expect(await outcome("{")).toBe("3 D0501");
      expect(await outcome({ ...plan, registers: 0 })).toBe("3 D0503");
      expect(await outcome(mixture)).toBe("3 D0501");
      expect(await outcome(plan, "--steps", "3")).toBe("2 D0706");
    });
  });
});

describe("runs that end early", () => {
  const failing = (at: number): string =>
    `let calls = 0;\nexport default (x) => {\n  if (++calls > ${at}) throw new Error("out of paper");\n  return x.map((v) => v / 2);\n};\n`;

  test("a failing model: what was finished is written, exit code 4", async () => {
    await project(spec, async (run, cwd) => {
      writeFileSync(join(cwd, "m.mjs"), failing(15));
      const { code, stderr } = await run(
        "--model m.mjs --count 5 --batch 2 --out a.npy --trajectory t.npy".split(" "),
      );
      expect(code).toBe(4);
      expect(stderr).toContain("note: 4 of 5 samples were finished and written to a.npy, t.npy");
      expect(stderr).toContain(
        "error[D0705]: step 3 of 6 (euler), call 3: model 'model' failed: out of paper",
      );
      expect(arrayIn(cwd, "a.npy").shape).toEqual([4, 2]);
      expect(arrayIn(cwd, "t.npy").shape).toEqual([7, 4, 2]);
    });
  });

  test("numbers that are not finite: exit code 4", async () => {
    await project(spec, async (run, cwd) => {
      writeFileSync(join(cwd, "m.mjs"), "export default (x) => x.map(() => NaN);\n");
      const { code, stderr } = await run(["--model", "m.mjs", "--count", "2", "--out", "a.npy"]);
      expect([code, existsSync(join(cwd, "a.npy"))]).toEqual([4, false]);
      expect(stderr).toContain("error[D0701]: step 0 of 6 (euler)");
      expect(stderr).toContain("no batch was finished");
    });
  });

  test("an interrupt: finished batches are written, exit code 130", async () => {
    await project(spec, async (run, cwd) => {
      let interrupt: () => void = () => undefined;
      const hook =
        "globalThis.interruptAtCall ??= {};\nlet calls = 0;\nexport default (x) => {\n  if (++calls === 14) globalThis.interruptAtCall.now?.();\n  return x.map((v) => v / 2);\n};\n";
      writeFileSync(join(cwd, "m.mjs"), hook);
      const shared = globalThis as { interruptAtCall?: { now?: () => void } };
      shared.interruptAtCall = { now: () => interrupt() };
      const argv = ["--model", "m.mjs", "--count", "9", "--batch", "3", "--out", "a.npy"];
      const { code, stderr } = await run(argv, { onListening: (listener) => (interrupt = listener) });
      delete shared.interruptAtCall;
      expect(code).toBe(130);
      expect(stderr).toBe("note: interrupted: 6 of 9 samples were finished and written to a.npy\n");
      expect(arrayIn(cwd, "a.npy").shape).toEqual([6, 2]);
    });
  });

  test("outputs are tried before the run; samples that find no place are kept", async () => {
    await project(spec, async (run, cwd) => {
      mkdirSync(join(cwd, "folder.npy"));
      const early = await run(["--out", "folder.npy"]);
      expect([early.code, early.stdout]).toEqual([3, ""]);
      expect(early.stderr).toContain("error[D0704]: folder.npy cannot be written: it is a folder");
      expect((await run(["--out", "none/a.npy"])).stderr).toContain("there is no folder none");
      writeFileSync(
        join(cwd, "m.mjs"),
        `import { mkdirSync } from "node:fs";\nexport default (x) => {\n  mkdirSync(${JSON.stringify(join(cwd, "late.npy"))}, { recursive: true });\n  return x.map((v) => v / 2);\n};\n`,
      );
      const late = await run(["--model", "m.mjs", "--count", "3", "--out", "late.npy"]);
      expect(late.code).toBe(3);
      const kept = /note: the samples are kept in (\S+)/.exec(late.stderr)?.[1] ?? "";
      expect(kept.startsWith(tmpdir())).toBe(true);
      expect(readNpz(readFileSync(kept), kept).get("arr_0")?.shape).toEqual([3, 2]);
      rmSync(kept);
      expect(readdirSync(cwd).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    });
  });
});

test("a spec with mistakes does not run", async () => {
  await project(spec.replace("euler", "eulr"), async (run, cwd) => {
    const { code, stderr } = await run(["--out", "a.npy"]);
    expect([code, existsSync(join(cwd, "a.npy"))]).toEqual([1, false]);
    expect(stderr).toContain("did you mean `euler`?");
    expect(JSON.parse((await run(["--json"])).stdout)).toMatchObject({ ok: false });
  });
});

test("digits: labels in turn, the picture has a column a class", { timeout: 120_000 }, async () => {
  await inFolder(async (cwd) => {
    const file = join(repository, "examples/digits.dsamp");
    const { code, stderr } = await dsamp(["run", file, "--count", "10", "--steps", "5", "--out", "d.npz"], {
      cwd,
    });
    expect([code, stderr]).toEqual([0, ""]);
    const arrays = readNpz(readFileSync(join(cwd, "d.npz")), "d");
    expect(arrays.get("arr_0")?.shape).toEqual([10, 1, 28, 28]);
    expect([...arrays.get("labels")!.data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
