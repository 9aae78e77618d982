// Owns: the packed extension: what it consists of, and that it starts. DSAMP_VSIX names the file that scripts/vsix.sh
// made, as in CI; without it only the start is tested, of the same files before they are packed.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { strFromU8, unzipSync, type Unzipped } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codes } from "../../compiler/diagnostics/codes.js";
import { library, libraryPrefix } from "../../stdlib/index.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const packed = process.env["DSAMP_VSIX"];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsamp-vsix-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the extension in a folder registers with its editor once its server has answered. */
function started(extension: string): readonly string[] {
  const script = join(root, "test/editor/startExtension.mjs");
  return JSON.parse(
    execFileSync(process.execPath, [script, extension], { encoding: "utf8", timeout: 60_000 }),
  ) as string[];
}

const offered = [
  ...[
    "dsamp.restart",
    "registerHoverProvider",
    "registerCompletionItemProvider",
    "registerSignatureHelpProvider",
  ],
  ...["registerDefinitionProvider", "registerReferenceProvider", "registerRenameProvider"],
  ...["registerDocumentFormattingEditProvider", "registerCodeActionsProvider", "registerInlayHintsProvider"],
  ...[
    "registerDocumentSemanticTokensProvider",
    "registerFoldingRangeProvider",
    "registerDocumentSymbolProvider",
  ],
];

test("the built extension starts its server, takes up what it offers, and stops", () => {
  const built = join(folder, "built");
  execFileSync(process.execPath, [join(root, "editor/vscode/build.mjs"), join(built, "dist")]);
  expect(started(built)).toEqual(expect.arrayContaining(offered));
});

describe.skipIf(packed === undefined)("the .vsix", () => {
  let bytes: Uint8Array;
  let files: Unzipped;
  beforeAll(() => {
    bytes = readFileSync(packed ?? "");
    files = unzipSync(bytes);
  });

  test("holds manifest, grammar, snippets, client, server, library and pages, and nothing else", () => {
    const own = Object.keys(files).filter((file) => file.startsWith("extension/"));
    const folderOf = (name: string): readonly string[] =>
      own.filter((file) => file.startsWith(`extension/dist/${name}/`));
    expect(
      folderOf("stdlib")
        .filter((file) => file.endsWith(".dsamp"))
        .sort(),
    ).toEqual(
      Object.keys(library)
        .map((file) => `extension/dist/stdlib/${file.slice(libraryPrefix.length)}`)
        .sort(),
    );
    for (const code of Object.keys(codes))
      expect(folderOf("explain")).toContain(`extension/dist/explain/${code}.md`);
    const rest = own.filter((file) => !/^extension\/dist\/(stdlib|explain)\//.test(file));
    expect(rest.map((file) => file.slice("extension/".length).toLowerCase()).sort()).toEqual([
      ...["dist/extension.cjs", "dist/lspworker.mjs", "dist/server.mjs", "language-configuration.json"],
      ...[
        "license.txt",
        "package.json",
        "readme.md",
        "snippets/dsamp.json",
        "syntaxes/dsamp.tmlanguage.json",
      ],
    ]);
    expect(bytes.length).toBeLessThan(2 << 20);
  });

  test("has the manifest of this version, and every file that it names", () => {
    const text = strFromU8(files["extension/package.json"] ?? new Uint8Array());
    const manifest = JSON.parse(text) as { version: string; main: string };
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect(manifest.version).toBe(version);
    for (const [, path] of text.matchAll(/"(\.\/[^"]+)"/g))
      expect(Object.keys(files)).toContain(`extension/${path?.slice(2)}`);
    expect(strFromU8(files["extension.vsixmanifest"] ?? new Uint8Array())).toContain(`Version="${version}"`);
  });

  test("starts", () => {
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      if (!file.endsWith("/")) writeFileSync(join(folder, file), content);
    }
    expect(started(join(folder, "extension"))).toEqual(expect.arrayContaining(offered));
  });
});
