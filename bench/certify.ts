// Owns: the time that certificates take, solver by solver over the library: the order alone, and everything `dsamp check`
// says. Each is run in a fresh program, so that nothing is shared between solvers. `npx tsx bench/certify.ts` prints it.

import { certifyOrder } from "../compiler/certify/order.js";
import { checkSolver } from "../compiler/certify/orderClaims.js";
import type { Setting } from "../compiler/certify/setting.js";
import { Diagnostics, Failure } from "../compiler/diagnostics/report.js";
import { memoryHost } from "../compiler/host.js";
import { Program } from "../compiler/resolve/module.js";
import { library } from "../stdlib/index.js";

interface CertifyTime {
  readonly name: string;
  /** Milliseconds of processor time for the order on arbitrary grids, and for the whole line of `dsamp check`. */
  readonly order: number;
  readonly whole: number;
  /** The order found; 0 for rules with noise. */
  readonly found: number;
}

function settingOf(id: string, name: string): Setting | undefined {
  const program = new Program(memoryHost({}), new Diagnostics());
  const def = program.load(id)?.definitions.get(`solver ${name}`);
  return def && { program, solver: { kind: "definition", def, args: new Map() }, family: "generic" };
}

/** Processor time and not the clock's, so that what else runs on the machine does not count. */
function timed<T>(work: () => T): { readonly ms: number; readonly value: T | undefined } {
  const before = process.cpuUsage();
  let value: T | undefined;
  try {
    value = work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, value };
}

/** Slowest first. */
function certifyTimes(): readonly CertifyTime[] {
  const times = Object.entries(library).flatMap(([id, { names }]) =>
    names.flatMap((full): CertifyTime[] => {
      const [kind, name = ""] = full.split(" ");
      const [first, second] = [settingOf(id, name), settingOf(id, name)];
      if (kind !== "solver" || !first || !second) return [];
      const order = timed(() => certifyOrder({ setting: first, grid: "ratios" }));
      const whole = timed(() => checkSolver(second.solver, second.program));
      const orders = Object.values(whole.value?.certificate.orders ?? {});
      return [{ name, order: order.ms, whole: whole.ms, found: Math.max(0, ...orders) }];
    }),
  );
  return times.sort((a, b) => b.whole - a.whole);
}

// The first pass compiles the code.
certifyTimes();
const times = certifyTimes();
const ms = (value: number): string => value.toFixed(0).padStart(8);
console.log(`${"solver".padEnd(28)}order  order ms  whole ms`);
for (const { name, found, order, whole } of times.slice(0, 20))
  console.log(
    `${name.padEnd(28)}${String(found).padStart(5)}${ms(order).padStart(10)}${ms(whole).padStart(10)}`,
  );
const total = (pick: (time: CertifyTime) => number): number =>
  times.reduce((sum, time) => sum + pick(time), 0);
console.log(
  `${times.length} solvers: orders ${ms(total((t) => t.order)).trim()} ms, everything ${ms(total((t) => t.whole)).trim()} ms`,
);
