// Owns: `npm run results`: samples the digits network with every solver and budget, scores the samples, and writes
// docs/results.md with its plot. Runs that results.json has are not made again; `--page` only writes the page.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import type { Plan } from "../../compiler/plan/schema.js";
import { loadOrt, type OrtTensor } from "../../runtime/models/onnx.js";
import { onnxModel, openBackend, sample } from "../../runtime/index.js";
import { writePage } from "./page.js";
import { budgets, contestants, scales, type Contestant, type Results, type Row } from "./solvers.js";
import { frechet, gaussianOf, rms, type Gaussian } from "./statistics.js";

const COUNT = 1000;
const SEED = 1;
const reference: Contestant = { name: "reference", solver: "dpmpp_3m_exact", calls: 1 };
const REFERENCE_STEPS = 400;

const root = new URL("../../", import.meta.url);
const digits = new URL("examples/models/digits/", root);
const saved = new URL("bench/quality/results.json", root);

const spec = (solver: string, steps: number, scale: number): string => `sampler digits {
  schedule cosine
  model    predicts v with names: ["x", "lam", "y"], time: lambda, classes: 10, null: 10
  guidance cfg(scale: ${scale})
  grid     log_snr
  steps    ${steps}
  solver   ${solver}
}
schedule cosine {
  time t from 0.99571 to 0.00429
  alpha = cos(pi/2*t)
  sigma = sin(pi/2*t)
}`;

function planOf(text: string): Plan {
  const { plan, diagnostics } = compile({ host: memoryHost({}), file: "digits.dsamp", text });
  if (!plan) throw new Error(diagnostics.map((item) => item.message).join("\n"));
  return plan;
}

const labels = Array.from({ length: COUNT }, (_, i) => i % 10);

async function measure(): Promise<void> {
  const ort = await loadOrt();
  const backend = await openBackend("wasm");
  const network = new Uint8Array(readFileSync(new URL("digits-v.onnx", digits)));
  const classifier = await ort.InferenceSession.create(
    new Uint8Array(readFileSync(new URL("digits-classifier.onnx", digits))),
  );
  const real = JSON.parse(readFileSync(new URL("features-real.json", digits), "utf8")) as Gaussian;

  async function draw(plan: Plan): Promise<Float32Array> {
    const [declared] = plan.models;
    const [condition] = plan.inputs.filter((input) => input.kind === "condition");
    if (!declared || !condition) throw new Error("the sampler has no condition");
    const model = await onnxModel(network, "digits-v.onnx", declared, ort);
    const inputs = { [condition.name]: labels };
    const { results } = await sample(plan, {
      models: model,
      backend,
      seed: SEED,
      count: COUNT,
      batch: 250,
      shape: [1, 28, 28],
      inputs,
    });
    await model.dispose?.();
    return Float32Array.from(results[0]?.data ?? []);
  }

  /** Features [COUNT, 64] and logits [COUNT, 10]. */
  async function classify(images: Float32Array): Promise<{ features: Float32Array; logits: Float32Array }> {
    const out = await classifier.run({ x: new ort.Tensor("float32", images, [COUNT, 1, 28, 28]) });
    const data = (tensor: OrtTensor | undefined): Float32Array => tensor?.data as Float32Array;
    return { features: data(out["features"]), logits: data(out["logits"]) };
  }

  async function score(images: Float32Array): Promise<Pick<Row, "frechet" | "frechetRaw" | "agreement">> {
    const raw = await classify(images);
    const { features, logits } = await classify(images.map((x) => Math.min(1, Math.max(-1, x))));
    const right = labels.filter((label, i) => {
      const row = logits.subarray(i * 10, i * 10 + 10);
      return row.indexOf(Math.max(...row)) === label;
    });
    return {
      frechet: frechet(gaussianOf(features, 64), real),
      frechetRaw: frechet(gaussianOf(raw.features, 64), real),
      agreement: right.length / COUNT,
    };
  }

  const before = existsSync(saved) ? (JSON.parse(readFileSync(saved, "utf8")) as Results) : undefined;
  const rows: Row[] = [...(before?.rows ?? [])];
  const references: Row[] = [...(before?.references ?? [])];
  const save = (): void => {
    const results: Results = {
      date: new Date().toISOString().slice(0, 10),
      count: COUNT,
      reference: { solver: reference.solver, steps: REFERENCE_STEPS },
      rows,
      references,
    };
    writeFileSync(saved, `${JSON.stringify(results, null, 1)}\n`);
  };
  for (const scale of scales) {
    const missing = contestants.flatMap((contestant) =>
      budgets
        .filter(
          (budget) =>
            !rows.some((row) => row.name === contestant.name && row.scale === scale && row.budget === budget),
        )
        .map((budget) => ({ contestant, budget })),
    );
    if (missing.length === 0) continue;
    console.log(`scale ${scale}: the reference, ${REFERENCE_STEPS} steps`);
    const plan = planOf(spec(reference.solver, REFERENCE_STEPS, scale));
    const exact = await draw(plan);
    if (!references.some((row) => row.scale === scale))
      references.push({
        name: reference.name,
        scale,
        budget: REFERENCE_STEPS,
        nfe: plan.report.nfe,
        rms: 0,
        ...(await score(exact)),
      });
    save();
    for (const { contestant, budget } of missing) {
      const made = planOf(spec(contestant.solver, Math.max(1, Math.floor(budget / contestant.calls)), scale));
      const images = await draw(made);
      const row: Row = {
        name: contestant.name,
        scale,
        budget,
        nfe: made.report.nfe,
        rms: rms(images, exact),
        ...(await score(images)),
      };
      rows.push(row);
      save();
      console.log(
        `${row.name}, ${row.nfe} NFE: rms ${row.rms.toPrecision(3)}, frechet ${row.frechet.toPrecision(4)}, agreement ${row.agreement}`,
      );
    }
  }
}

if (!process.argv.includes("--page")) await measure();
await writePage(JSON.parse(readFileSync(saved, "utf8")) as Results, new URL("docs/", root));
