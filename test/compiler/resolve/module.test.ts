// Files and what their names mean: own, used, the library's; kinds; files that cannot be had.

import { describe, expect, test } from "vitest";
import { Diagnostics } from "../../../compiler/diagnostics/report.js";
import { memoryHost } from "../../../compiler/host.js";
import { limits } from "../../../compiler/limits.js";
import { Program, type Module } from "../../../compiler/resolve/module.js";
import { didYouMean, suggest } from "../../../compiler/resolve/suggest.js";

function load(
  files: Readonly<Record<string, string>>,
  file = "a.dsamp",
): { program: Program; module: Module } {
  const program = new Program(memoryHost(files), new Diagnostics());
  const module = program.load(file);
  if (!module) throw new Error(`${file} was not loaded`);
  return { program, module };
}

const codes = (files: Readonly<Record<string, string>>): readonly string[] =>
  load(files).program.diagnostics.all.map((item) => item.code);

const solver = (name: string): string => `solver ${name} { step { x[t] = jump(s -> t) } }\n`;

describe("definitions", () => {
  test("a name may exist once for each kind", () => {
    const { program, module } = load({ "a.dsamp": "" });
    expect(program.definitionsNamed(module, "edm").map((def) => def.sort)).toEqual([
      "schedule",
      "parameterization",
      "solver",
    ]);
    expect(program.definition(module, "grid", "edm")).toBeUndefined();
  });

  test("the file's own come first, then what it uses, then the library's", () => {
    const files = {
      "a.dsamp": `use "b.dsamp" { ddim, heun }\n${solver("ddim")}`,
      "b.dsamp": solver("ddim") + solver("heun") + solver("euler"),
    };
    const { program, module } = load(files);
    const home = (name: string): string | undefined => program.definition(module, "solver", name)?.module.id;
    expect(home("ddim")).toBe("a.dsamp");
    expect(home("heun")).toBe("b.dsamp");
    expect(home("euler")).toMatch(/^std:/);
  });

  test("a `use` of nothing is a message at itself", () => {
    const { all } = load({ "a.dsamp": "use" }).program.diagnostics;
    expect(all.map(({ code, primary }) => [code, primary?.span.start])).toEqual([
      ["D0101", 3],
      ["D0205", 0],
    ]);
  });

  test("values of the library need a `use`", () => {
    expect(load({ "a.dsamp": "" }).program.value(load({ "a.dsamp": "" }).module, "down")).toBeUndefined();
    const { program, module } = load({ "a.dsamp": "use std.common { down }\n" });
    expect(program.value(module, "down")?.name).toBe("down");
  });

  test("only the library's files that are needed are read", () => {
    const { program, module } = load({ "a.dsamp": "" });
    expect(program.modules.size).toBe(1);
    program.definition(module, "solver", "ddim");
    expect(program.modules.size).toBe(2);
  });
});

describe("use", () => {
  test.each([
    [
      "a name that is not there",
      { "a.dsamp": 'use "b.dsamp" { hein }\n', "b.dsamp": solver("heun") },
      ["D0201"],
    ],
    ["a library part that is not there", { "a.dsamp": "use std.solver { ddim }\n" }, ["D0205"]],
    ["a name of the library that is not there", { "a.dsamp": "use std.solvers { ddimm }\n" }, ["D0201"]],
    ["a file outside the project", { "a.dsamp": 'use "../b.dsamp"\n' }, ["D0205"]],
    ["an absolute path", { "a.dsamp": 'use "/etc/passwd"\n' }, ["D0205"]],
    ["a file that is not there", { "a.dsamp": 'use "b.dsamp"\n' }, ["D0205"]],
    ["a circle", { "a.dsamp": 'use "b.dsamp"\n', "b.dsamp": 'use "a.dsamp"\n' }, ["D0206"]],
    ["itself", { "a.dsamp": 'use "a.dsamp"\n' }, ["D0206"]],
    [
      "two ways to one file",
      {
        "a.dsamp": 'use "b.dsamp"\nuse "c.dsamp"\n',
        "b.dsamp": 'use "c.dsamp"\n',
        "c.dsamp": solver("heun"),
      },
      [],
    ],
    ["a name defined twice", { "a.dsamp": solver("heun") + solver("heun") }, ["D0204"]],
    [
      "two kinds of one name",
      { "a.dsamp": `${solver("heun")}grid heun { rho[i] = i  for i in 0 .. steps }\n` },
      [],
    ],
  ] as const)("%s", (_title, files, expected) => {
    expect(codes(files)).toEqual(expected);
  });

  test("folders: paths are relative to the file they are written in", () => {
    const files = {
      "a.dsamp": 'use "lib/b.dsamp"\n',
      "lib/b.dsamp": 'use "./c.dsamp"\n',
      "lib/c.dsamp": solver("mine"),
    };
    expect(codes(files)).toEqual([]);
    expect([...load(files).program.modules.keys()]).toEqual(["a.dsamp", "lib/b.dsamp", "lib/c.dsamp"]);
  });

  test("a program of too many files", () => {
    const files: Record<string, string> = {};
    for (let i = 0; i <= limits.imports; i += 1) files[`f${i}.dsamp`] = `use "f${i + 1}.dsamp"\n`;
    files["a.dsamp"] = 'use "f0.dsamp"\n';
    expect(codes(files)).toEqual(["D0803"]);
  });
});

describe("did you mean", () => {
  test.each([
    ["sigmma", ["alpha", "sigma"], "sigma"],
    ["x1", ["x", "x0"], "x0"],
    ["Sigma", ["sigma"], "sigma"],
    ["lamdba", ["lambda"], "lambda"],
    ["foo", ["sigma", "alpha"], undefined],
    ["q", ["s", "t"], undefined],
  ] as const)("%s", (name, known, expected) => {
    expect(suggest(name, known)).toBe(expected);
  });

  test("as a sentence, or nothing", () => {
    expect(didYouMean("ddin", ["ddim", "heun"])).toBe("did you mean `ddim`?");
    expect(didYouMean("foo", ["sigma"])).toBeUndefined();
  });
});
