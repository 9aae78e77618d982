// Owns: the time that certificates take, solver by solver over the library: the order alone, and everything `dsamp check`
// says. Each is run in a fresh program, so that nothing is shared between solvers.

import { certifyOrder } from "../compiler/certify/order.js";
import { checkSolver } from "../compiler/certify/orderClaims.js";
import type { Setting } from "../compiler/certify/setting.js";
import { Diagnostics, Failure } from "../compiler/diagnostics/report.js";
import { memoryHost } from "../compiler/host.js";
import { Program } from "../compiler/resolve/module.js";
import { library } from "../stdlib/index.js";

export interface CertifyTime {
  readonly name: string;
  /** Milliseconds of processor time for the order on arbitrary grids, and for the whole line of `dsamp check`. */
  readonly order: number;
  readonly whole: number;
}

function settingOf(id: string, name: string): Setting | undefined {
  const program = new Program(memoryHost({}), new Diagnostics());
  const def = program.load(id)?.definitions.get(`solver ${name}`);
  return def && { program, solver: { kind: "definition", def, args: new Map() }, family: "generic" };
}

/** Processor time and not the clock's, so that what else runs on the machine counts little. */
function timed(work: () => unknown): number {
  const before = process.cpuUsage();
  try {
    work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Slowest first. Call it twice: the first time compiles the code. */
export function certifyTimes(): readonly CertifyTime[] {
  const times = Object.entries(library).flatMap(([id, { names }]) =>
    names.flatMap((full): CertifyTime[] => {
      const [kind, name = ""] = full.split(" ");
      const [first, second] = [settingOf(id, name), settingOf(id, name)];
      if (kind !== "solver" || !first || !second) return [];
      const order = timed(() => certifyOrder({ setting: first, grid: "ratios" }));
      const whole = timed(() => checkSolver(second.solver, second.program));
      return [{ name, order, whole }];
    }),
  );
  return times.sort((a, b) => b.whole - a.whole);
}
