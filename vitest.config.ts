// Owns: how the tests run: which files, how long, how many at once, and the closing line with the counts.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["dist/**", "node_modules/**"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "threads",
    maxWorkers: 2,
    reporters: ["default", "./test/support/countsReporter.ts"],
  },
});
