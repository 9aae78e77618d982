// Owns: the command line: verbs, flags, help, and what an exception becomes. Verbs are imported when they are chosen,
// so that `dsamp --version` loads next to nothing and `dsamp check` no tensor library.

import { Command, CommanderError } from "commander";
import { diagnostic, Failure } from "../compiler/diagnostics/report.js";
import { VERSION } from "../compiler/version.js";
import { exit, exitFor, exitTable } from "./exit.js";
import type { Io } from "./io.js";
import { jsonOf, printDiagnostics, printJson } from "./print.js";
import { backends, repeated, seedNumber, shapeNumbers, wholeNumber } from "./usage.js";

/** Runs one command and gives its exit code. Never throws. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const done: { code: number } = { code: exit.ok };
  try {
    await program(io, done).parseAsync(argv, { from: "user" });
    return done.code;
  } catch (error) {
    return explainFailure(error, argv, io);
  }
}

function explainFailure(error: unknown, argv: readonly string[], io: Io): number {
  let found = error instanceof Failure ? error.diagnostic : undefined;
  if (error instanceof CommanderError) {
    if (error.code === "commander.helpDisplayed" || error.code === "commander.version") return exit.ok;
    if (error.code === "commander.help") return exit.usage;
    const [message = "", hint = ""] = error.message.replace(/^error: /, "").split("\n");
    const meant = /Did you mean (?:one of )?(.*)\?/.exec(hint)?.[1];
    found = diagnostic("D0706", message.replaceAll("'", "`"), {
      help: meant === undefined ? "`dsamp --help` lists the commands" : `did you mean \`${meant}\`?`,
    });
  }
  if (found === undefined) {
    const words = error instanceof Error ? error.message.split("\n")[0] : String(error);
    io.stderr.write(
      `internal error: ${words} (this is a mistake in dsamp, please report it; DSAMP_DEBUG=1 shows the trace)\n`,
    );
    if (io.env["DSAMP_DEBUG"] === "1" && error instanceof Error) io.stderr.write(`${error.stack}\n`);
    return exit.internal;
  }
  if (argv.includes("--json")) printJson(io, { ok: false, diagnostics: jsonOf([found]) });
  else printDiagnostics(io, [found]);
  return exitFor([found]);
}

/** `done.code` receives the exit code of the verb. */
function program(io: Io, done: { code: number }): Command {
  const root = new Command("dsamp")
    .description("Declarative diffusion samplers: check, compile and run .dsamp files.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => undefined,
    })
    .addHelpText(
      "after",
      `
Examples:
  dsamp init hello                             write a small project
  dsamp check examples/*.dsamp                 find mistakes
  dsamp run examples/digits.dsamp --out digits.png
  dsamp explain D0401                          what a code means

${exitTable}

Colours: NO_COLOR=1 and FORCE_COLOR=1 are honoured. A file named - is standard input.`,
    );
  const verb = (signature: string, description: string, examples: readonly string[]): Command =>
    root
      .command(signature)
      .description(description)
      .helpOption("-h, --help", "print this help")
      .addHelpText("after", `\nExamples:\n${examples.map((line) => `  ${line}`).join("\n")}`);

  withSpecFlags(
    verb(
      "check <file...>",
      "Find mistakes; say what each sampler does. A folder stands for all files below it.",
      [
        "dsamp check sd15.dsamp",
        "dsamp check samplers/",
        "dsamp check *.dsamp --json",
        "cat sd15.dsamp | dsamp check - --sampler sd15 --steps 30",
        "dsamp check sd15.dsamp --watch",
        "dsamp check *.dsamp --format sarif > dsamp.sarif",
      ],
    ),
  )
    .option("--watch", "check again whenever a file that was read is saved")
    .option("--format <form>", "text (as without), json, sarif or github (annotations in a workflow)")
    .option("--gaussian [mean,variance]", "error of mean and std on Gaussian data, in closed form")
    .option("--json", "one JSON document on stdout")
    .action(async (files: readonly string[], options) => {
      const { check } = await import("./check.js");
      done.code = await check(files, options, io);
    });

  withSpecFlags(
    verb("diff <a> <b>", "Say whether two samplers are the same map, and where they part.", [
      "dsamp diff mine.dsamp published.dsamp",
      "dsamp diff old.dsamp new.dsamp --sampler sd15 --steps 20",
      "dsamp diff a.dsamp b.dsamp --json",
    ]),
  )
    .addHelpText("after", "\nExit codes: 0 the same, 1 different, 2 a spec has errors or cannot be read.")
    .option("--json", "one JSON document on stdout")
    .action(async (a: string, b: string, options) => {
      const { diff } = await import("./diff.js");
      done.code = await diff([a, b], options, io);
    });

  withSpecFlags(
    verb("compile <file>", "Compile a sampler to a plan, or print a stage on the way.", [
      "dsamp compile sd15.dsamp -o sd15.plan.json",
      "dsamp compile sd15.dsamp --emit graph",
      "dsamp compile sd15.dsamp --emit coefficients --steps 8",
    ]),
  )
    .option("--emit <stage>", "ast, graph, coefficients, kernels or plan", "plan")
    .option("-o, --output <file>", "write there instead of stdout")
    .option("--json", "one JSON document on stdout, diagnostics included")
    .action(async (file: string, options) => {
      const { compileFile } = await import("./compile.js");
      done.code = await compileFile(file, options, io);
    });

  withSpecFlags(
    verb("run <file>", "Run a sampler, or a plan that was compiled before.", [
      "dsamp run examples/digits.dsamp --out digits.png",
      "dsamp run digits.dsamp --cond prompt=7 --count 16 --seed 3 --out sevens.png --out sevens.npy",
      "dsamp run toy.dsamp --model mixture.json --backend reference --trajectory path.npz",
      "dsamp run sd15.plan.json --model unet.onnx --shape 4,64,64 --cond prompt=@embedding.npy",
    ]),
  )
    .option("--model <path>", "network: a path, or name=path (repeatable)", repeated)
    .option(
      "--backend <name>",
      `${backends.slice(0, -1).join(", ")} or ${backends.at(-1)!} (default: wasm, or cpu where it cannot start)`,
    )
    .option("--seed <n>", "seed of all random numbers (default: 0)", seedNumber)
    .option("--count <n>", "number of samples", wholeNumber("--count"))
    .option("--batch <n>", "samples at a time", wholeNumber("--batch"))
    .option("--shape <extents>", "shape of one sample, channels first: 3,32,32", shapeNumbers)
    .option("--cond <name=value>", "labels 0,1,2, `none`, or @file.json or .npy (repeatable)", repeated)
    .option("--input <name=file>", "tensor input: .npy, .json or a number (repeatable)", repeated)
    .option("--out <file>", "write samples: .npy, .npz, .json or .png (repeatable)", repeated)
    .option("--trajectory <file>", "write the state at every grid point: .npz or .npy")
    .option(
      "--precision <kind>",
      "plain, or compensated: updates in float64, the state in two float32 tensors",
    )
    .option("--verify", "run the first batch on reference too and say how far apart the results are")
    .option("--quiet", "no progress, no summary")
    .option("--json", "one JSON document on stdout")
    .action(async (file: string, options) => {
      const { run } = await import("./run.js");
      done.code = await run(file, options, io);
    });

  verb(
    "fmt <file...>",
    "Format files in place: one style, comments kept. A folder stands for all files below it.",
    [
      "dsamp fmt sd15.dsamp",
      "dsamp fmt --check .",
      "dsamp fmt --check *.dsamp",
      "cat sd15.dsamp | dsamp fmt -",
    ],
  )
    .option("--check", "write nothing; exit 1 when a file is not formatted")
    .action(async (files: readonly string[], options: { readonly check?: boolean }) => {
      const { fmt } = await import("./fmt.js");
      done.code = await fmt(files, options, io);
    });

  verb(
    "import <tool> <source>",
    "Write a spec that does what a sampler of diffusers, k-diffusion or ComfyUI does.",
    [
      "dsamp import diffusers scheduler/scheduler_config.json --steps 20 --out sampler.dsamp",
      "dsamp import diffusers scheduler_config.json --steps 50 --set eta=1",
      'dsamp import k-diffusion "dpmpp_2m karras 20 sigma_min=0.03 sigma_max=15"',
      'dsamp import comfyui "dpmpp_2m_sde karras 20" --cfg 7',
    ],
  )
    .option("--steps <n>", "number of steps", wholeNumber("--steps"))
    .option("--set <name=value>", "option of the tool's functions, such as eta=1 (repeatable)", repeated)
    .option("--cfg <scale>", "classifier-free guidance in the tool's convention")
    .option("--latents", "start from an input x_init in the tool's scale, not from drawn noise")
    .option("--out <file>", "write there instead of stdout")
    .action(async (tool: string, source: string, options) => {
      const { importSampler } = await import("./import.js");
      done.code = await importSampler(tool, source, options, io);
    });

  withSpecFlags(
    verb("explain [what]", "Say what a code means, or what a spec does in mathematics; list the codes.", [
      "dsamp explain sd15.dsamp",
      "dsamp explain sd15.dsamp --latex > sd15.tex",
      "dsamp explain --solver 'dpm_solver_2(r1: 1/3)'",
      "dsamp explain D0401",
      "dsamp explain",
    ]),
  )
    .option("--solver <name>", "a solver of the file or of the library, by itself")
    .option("--latex", "LaTeX in place of Unicode")
    .option("--json", "one JSON document on stdout")
    .action(async (what: string | undefined, options) => {
      const { explain } = await import("./explain.js");
      done.code = await explain(what, options, io);
    });

  withSpecFlags(
    verb("plot <file>", "Draw a sampler: schedule, grid, weights, stability, convergence, as one SVG.", [
      "dsamp plot sd15.dsamp --out sd15.svg",
      "dsamp plot sd15.dsamp --what stability,convergence --out rule.svg",
      "dsamp plot sd15.dsamp --sampler sd15 --steps 10 --what grid --out grid.svg",
    ]),
  )
    .requiredOption("--out <file>", "the SVG to write")
    .option("--what <kinds>", "schedule, grid, coefficients, stability, convergence (default: all)")
    .action(async (file: string, options) => {
      const { plot } = await import("./plot.js");
      done.code = await plot(file, options, io);
    });

  verb("list [words...]", "List the library, one line a definition.", [
    "dsamp list",
    "dsamp list --kind solver",
    "dsamp list dpm solver",
    "dsamp list --json",
  ])
    .option("--kind <kind>", "solver, grid, schedule, guidance or parameterization")
    .option("--json", "one JSON document on stdout")
    .action(async (words: string[], options) => {
      const { list } = await import("./list.js");
      done.code = list(words, options, io);
    });

  verb("show <name>", "Print a definition of the library, and what is certified of it.", [
    "dsamp show dpmpp_2m",
    "dsamp show edm --kind schedule",
  ])
    .option("--kind <kind>", "solver, grid, schedule, guidance or parameterization")
    .option("--json", "one JSON document on stdout")
    .action(async (name: string, options) => {
      const { show } = await import("./list.js");
      done.code = show(name, options, io);
    });

  verb("completion <shell>", "Print a completion script for bash, zsh or fish.", [
    "dsamp completion bash > ~/.local/share/bash-completion/completions/dsamp",
    "dsamp completion zsh > ~/.zfunc/_dsamp",
    "dsamp completion fish > ~/.config/fish/completions/dsamp.fish",
  ]).action(async (shell: string) => {
    const { completion } = await import("./completion.js");
    done.code = completion(shell, root, io);
  });

  verb("init [dir]", "Write a small project that runs at once. Nothing is overwritten.", [
    "dsamp init hello && cd hello && dsamp run toy.dsamp --out toy.png",
    "dsamp init digits --template digits",
    "dsamp init sd --template stable-diffusion",
  ])
    .option(
      "--template <name>",
      "toy (points in the plane), digits (a real network) or stable-diffusion",
      "toy",
    )
    .action(async (folder: string | undefined, options: { readonly template: string }) => {
      const { init } = await import("./init.js");
      done.code = await init(folder, options, io);
    });

  verb("lsp", "Serve an editor: the language server, over standard input and output.", ["dsamp lsp --stdio"])
    .option("--stdio", "how it speaks in any case; editors often say so")
    .action(async () => {
      const { lsp } = await import("./lsp.js");
      done.code = await lsp(io);
    });
  return root;
}

function withSpecFlags(command: Command): Command {
  return command
    .option("--sampler <name>", "which sampler of the file")
    .option("--steps <n>", "number of steps, in place of the sampler's", wholeNumber("--steps"))
    .option("--set <name=value>", "value of a parameter of the sampler (repeatable)", repeated);
}
