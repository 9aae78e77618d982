// Owns: that docs/cli.md (docs/import.md for `import`) names every command and every flag of `dsamp --help`, and that the
// certificate lines the pages print are those of the tool.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dsamp } from "../cli/terminal.js";

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");

/** Of one command: its name from `Usage: dsamp NAME`, and its long flags. */
const flagsOf = async (verb: string): Promise<readonly string[]> => {
  const { stdout } = await dsamp([verb, "--help"]);
  return [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map((match) => match[1] as string);
};

const verbs = async (): Promise<readonly string[]> => {
  const { stdout } = await dsamp(["--help"]);
  const list = stdout.slice(stdout.indexOf("Commands:"), stdout.indexOf("Examples:"));
  return [...list.matchAll(/^ {2}(\w+)/gm)].map((match) => match[1] as string).filter((v) => v !== "help");
};

test("every command has its section, and every flag is named", async () => {
  const cli = page("cli.md");
  const all = await verbs();
  expect(all.length).toBeGreaterThan(10);
  const missing: string[] = [];
  for (const verb of all) {
    if (!cli.includes(`\n## dsamp ${verb}`)) missing.push(verb);
    const text = verb === "import" ? page("import.md") : cli;
    for (const flag of await flagsOf(verb))
      if (flag !== "--help" && flag !== "--output" && !text.includes(flag)) missing.push(`${verb} ${flag}`);
  }
  expect(missing).toEqual([]);
});

describe("lines of certificates in the pages", () => {
  const rule = `solver my_2m {
  order 2
  start ddim
  step { x[t] = integrate(s -> t, x0, over: lambda, through: s-1 .. s) }
}
solver my_pndm {
  order 4 on uniform(rho)
  start plms
  step { x[t] = plms(s -> t) }
}
expect my_2m { equals abnorsett(k: 2) }
`;
  test.each(["cli.md", "certificates.md"])("%s", async (name) => {
    const { stdout } = await dsamp(["check", "-"], { stdin: rule });
    const printed = stdout.split("\n");
    const shown = page(name).match(/^ok {2}(?:expected: )?my_.*$/gm) ?? [];
    expect(shown.length).toBeGreaterThan(1);
    for (const line of shown) {
      const start = line.replace(/ \.\.\.$/, "");
      expect(
        printed.filter((one) => one.startsWith(start)),
        line,
      ).toHaveLength(1);
    }
  });

  test("a run on Gaussian data", async () => {
    const { stdout } = await dsamp(["check", "examples/toy.dsamp", "--gaussian", "0.5,0.25"]);
    for (const name of ["cli.md", "certificates.md"])
      for (const line of stdout.trimEnd().split("\n")) expect(page(name)).toContain(line);
  });
});
