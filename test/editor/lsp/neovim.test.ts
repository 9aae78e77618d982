// Owns: Neovim, headless, with the files of editor/languages/neovim: it starts the server and shows its findings.
// Skipped, visibly, where there is no `nvim`.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const there = spawnSync("nvim", ["--version"]).status === 0;

test.skipIf(!there)(
  "Neovim shows the findings, the hover text, and the formatted file",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "dsamp-nvim-"));
    try {
      const bundle = join(folder, "bundle");
      execFileSync(process.execPath, [join(root, "editor/vscode/build.mjs"), bundle]);
      const file = join(folder, "a.dsamp");
      writeFileSync(file, "solver a {\n  step {\n    let   q = 2\n    x[t] = ddim(s -> t)\n  }\n}\n");
      const script = join(folder, "session.lua");
      writeFileSync(
        script,
        `vim.g.dsamp_command = { ${JSON.stringify(process.execPath)}, ${JSON.stringify(join(bundle, "server.mjs"))} }
vim.opt.runtimepath:append(${JSON.stringify(join(root, "editor/languages/neovim"))})
vim.cmd("filetype plugin on | syntax on | runtime! ftdetect/*.vim")
vim.cmd("edit " .. ${JSON.stringify(file)})
vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end, 50)
local found = {}
for _, item in ipairs(vim.diagnostic.get(0)) do table.insert(found, { item.lnum, item.col, item.code, item.source }) end
local at = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = 3, character = 13 } }
local hover = vim.lsp.buf_request_sync(0, "textDocument/hover", at, 10000)
local _, answer = next(hover or {})
if vim.lsp.buf.format then vim.lsp.buf.format({ timeout_ms = 10000 }) else vim.lsp.buf.formatting_sync(nil, 10000) end
local lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
local group = vim.fn.synIDattr(vim.fn.synID(1, 1, 1), "name")
local result = { found = found, hover = answer.result.contents.value, lines = lines, group = group, filetype = vim.bo.filetype }
vim.fn.writefile({ vim.fn.json_encode(result) }, ${JSON.stringify(join(folder, "result.json"))})
vim.cmd("qa!")
`,
      );
      const run = spawnSync("nvim", ["--headless", "-u", "NONE", "-i", "NONE", "-c", `luafile ${script}`], {
        encoding: "utf8",
        timeout: 50_000,
        env: { ...process.env, HOME: folder, XDG_STATE_HOME: folder, XDG_DATA_HOME: folder },
      });
      expect(run.stderr).toBe("");
      const result = JSON.parse(readFileSync(join(folder, "result.json"), "utf8")) as {
        readonly hover: string;
      };
      expect(result).toMatchObject({
        found: [[2, 10, "D0203", "dsamp"]],
        filetype: "dsamp",
        group: "dsampSort",
        lines: ["solver a {", "  step {", "    let q = 2", "    x[t] = ddim(s -> t)", "  }", "}"],
      });
      expect(result.hover).toContain("solver ddim(");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  90_000,
);
