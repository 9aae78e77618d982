// Owns: the closing line of a test run, `N passed, N failed`, alone on the last line, for people and for CI. A file
// that fails to load, an error outside a test and a run without tests count as failures: none of them may look green.

import type { Reporter, TestModule } from "vitest/node";

export default class CountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        if (state === "failed") failed += 1;
      }
    }
    if (passed + failed === 0) failed = 1;
    const line = `${passed} passed, ${failed} failed\n`;
    // After everything the other reporters print.
    process.once("exit", () => process.stdout.write(line));
  }
}
