// Owns: lint rules. Types are checked by tsc; here are the habits tsc does not know. `npm run lint` also checks the
// format (prettier), so no rule here is about layout.

import tseslint from "typescript-eslint";

const files = ["**/*.ts", "**/*.js", "**/*.mjs"];

export default tseslint.config(
  {
    ignores: [
      "dist",
      "editor/vscode/dist",
      "node_modules",
      "coverage",
      "stdlib/index.ts",
      "compiler/plan/planValidator.ts",
      "examples/models",
      "test/golden",
    ],
  },
  {
    files,
    extends: [tseslint.configs.base],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": ["error", { ignoreReadBeforeAssign: true }],
      "no-debugger": "error",
      "no-eval": "error",
      "no-new-func": "error",
      "no-implied-eval": "error",
      "no-script-url": "error",
      "no-self-compare": "error",
      "no-constant-condition": ["error", { checkLoops: false }],
      "no-duplicate-case": "error",
      "no-fallthrough": "error",
      "no-unsafe-finally": "error",
      "no-sparse-arrays": "error",
      "no-useless-rename": "error",
      "object-shorthand": "error",
      "no-throw-literal": "error",
      "no-console": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/ban-ts-comment": ["error", { "ts-expect-error": "allow-with-description" }],
      "@typescript-eslint/no-unused-expressions": "error",
      "@typescript-eslint/no-empty-object-type": "error",
      "@typescript-eslint/no-namespace": "error",
      "@typescript-eslint/no-require-imports": "error",
      "@typescript-eslint/prefer-as-const": "error",
      // Off: `array[i]!` is how numeric code says that an index is in range. Also not on: no-loss-of-precision
      // (published constants are written with all their digits), no-control-regex (renderers escape them).
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    // Rules that need types: an unawaited promise is a run that ends before its output is written.
    files: ["grammar/**/*.ts", "compiler/**/*.ts", "runtime/**/*.ts", "cli/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    // Command line, scripts, benches and the conformance runner print.
    files: ["cli/**", "scripts/**", "bench/**", "test/conformance/**"],
    rules: { "no-console": "off" },
  },
);
