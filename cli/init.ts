// Owns: `dsamp init`: a small project copied from the package's examples, with a README. Nothing is overwritten.

import { existsSync, statSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fail } from "../compiler/diagnostics/report.js";
import { exit } from "./exit.js";
import type { Io } from "./io.js";
import { oneOf } from "./usage.js";

interface Template {
  /** Files below examples/, copied under the same names. */
  readonly files: readonly string[];
  readonly commands: readonly (readonly [command: string, remark: string])[];
  readonly title: string;
  readonly about: string;
}

const names = ["toy", "digits", "stable-diffusion"] as const;

const templates: Readonly<Record<(typeof names)[number], Template>> = {
  toy: {
    title: "Points in the plane",
    about:
      "`toy.dsamp` states a sampler: the path of noise, what the model predicts, the grid, the solver. The model in `models/points.json` is a mixture of Gaussians, whose predictions are exact, so every error in the picture is the solver's.",
    files: ["toy.dsamp", "models/points.json"],
    commands: [
      ["npx dsamp check toy.dsamp", "finds mistakes, counts network calls"],
      ["npx dsamp run toy.dsamp --out toy.png", "draws 1000 points"],
      ["npx dsamp run toy.dsamp --steps 4 --out coarse.png", "what too few steps do"],
      ["npx dsamp compile toy.dsamp --emit graph", "the formulas of a step"],
    ],
  },
  digits: {
    title: "Handwritten digits",
    about:
      "`digits.dsamp` states a sampler for the small network in `models/digits/tfjs` (trained on MNIST; see its README for conventions and licences).",
    files: [
      "digits.dsamp",
      "models/digits/README.md",
      "models/digits/tfjs/model.json",
      "models/digits/tfjs/weights.bin",
    ],
    commands: [
      ["npx dsamp check digits.dsamp", "finds mistakes, counts network calls"],
      ["npx dsamp run digits.dsamp --out digits.png", "forty digits"],
      ["npx dsamp run digits.dsamp --cond prompt=7 --count 16 --out sevens.png", "sixteen sevens"],
      ["npx dsamp run digits.dsamp --steps 6 --set scale=4 --out quick.png", "fewer steps, more guidance"],
    ],
  },
  "stable-diffusion": {
    title: "Stable Diffusion",
    about:
      "`stable_diffusion.dsamp` states two samplers for a latent diffusion network that predicts eps, with classifier-free guidance. No network comes with it: export your own to ONNX (inputs: latents, time step, text embedding) and pass it with `--model`.",
    files: ["stable_diffusion.dsamp"],
    commands: [
      ["npx dsamp check stable_diffusion.dsamp", "what both samplers do, without a network"],
      [
        "npx dsamp compile stable_diffusion.dsamp --sampler plain --emit coefficients --steps 8",
        "the numbers of every step",
      ],
      ["npx dsamp import diffusers scheduler_config.json --steps 20", "the sampler of a diffusers model"],
      [
        "npx dsamp run stable_diffusion.dsamp --sampler stable_diffusion --model unet.onnx --shape 4,64,64 --cond prompt=@embedding.npy --out latents.npy",
        "latents, with your network",
      ],
    ],
  },
};

/** The folder of the examples: beside the sources, or above dist/ in the package. */
function examplesFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let at = here; at !== dirname(at); at = dirname(at)) {
    const folder = join(at, "examples");
    if (existsSync(join(folder, "toy.dsamp"))) return folder;
  }
  return fail("D0601", "the examples of dsamp are missing", { help: "install the package again" });
}

const readme = ({ title, about, commands }: Template): string =>
  [
    `# ${title}`,
    "",
    about,
    "",
    "```sh",
    ...commands.map(([command, remark]) => `${command}   # ${remark}`),
    "```",
    "",
    "`npx dsamp explain CODE` says more about any message.",
    "",
  ].join("\n");

export async function init(
  folder: string | undefined,
  flags: { readonly template: string },
  io: Io,
): Promise<number> {
  const name = oneOf("--template", flags.template, names);
  const template = templates[name];
  const from = examplesFolder();
  const to = resolve(io.cwd, folder ?? ".");
  if (statSync(to, { throwIfNoEntry: false })?.isDirectory() === false)
    fail("D0704", `${folder ?? "."} is a file, and a project is a folder`, {
      help: "name a new folder: `dsamp init NAME`",
    });
  const files = [...template.files, "README.md"];
  const taken = files.find((file) => existsSync(join(to, file)));
  if (taken !== undefined)
    fail("D0704", `${join(folder ?? ".", taken)} exists already, and \`dsamp init\` never overwrites`, {
      help: "name a new folder: `dsamp init NAME`",
    });
  try {
    for (const file of template.files) {
      const [source, target] = [join(from, file), join(to, file)];
      await mkdir(dirname(target), { recursive: true });
      // The commands in a spec's comment name it where the examples lie.
      if (file.endsWith(".dsamp"))
        await writeFile(target, (await readFile(source, "utf8")).replaceAll("examples/", ""), { flag: "wx" });
      else await copyFile(source, target);
    }
    await writeFile(join(to, "README.md"), readme(template), { flag: "wx" });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    fail("D0704", `the project cannot be written to ${folder ?? "."}: ${words}`);
  }
  io.stdout.write(
    [
      ...files.map((file) => `wrote ${join(folder ?? ".", file)}`),
      "",
      "Next:",
      ...(folder === undefined ? [] : [`  cd ${folder}`]),
      `  ${template.commands[1]?.[0]}`,
      "",
    ].join("\n"),
  );
  return exit.ok;
}
