-- Starts the language server for the buffer, one for each project. Works with Neovim 0.7 and later, without plugins.
-- `vim.g.dsamp_command` is the command to start, when it is not `dsamp lsp`.
vim.bo.commentstring = "// %s"
vim.bo.shiftwidth = 2
vim.bo.expandtab = true

local function root_of(path)
  local folder = vim.fn.fnamemodify(path, ":p:h")
  local at = folder
  while true do
    if vim.fn.filereadable(at .. "/package.json") == 1 or vim.fn.isdirectory(at .. "/.git") == 1 then
      return at
    end
    local parent = vim.fn.fnamemodify(at, ":h")
    if parent == at then
      return folder
    end
    at = parent
  end
end

local config = {
  name = "dsamp",
  cmd = vim.g.dsamp_command or { "dsamp", "lsp", "--stdio" },
  root_dir = root_of(vim.api.nvim_buf_get_name(0)),
}

if vim.lsp.start then
  vim.lsp.start(config)
else
  dsamp_clients = dsamp_clients or {}
  local client = dsamp_clients[config.root_dir]
  if not client or vim.lsp.client_is_stopped(client) then
    client = vim.lsp.start_client(config)
    dsamp_clients[config.root_dir] = client
  end
  vim.lsp.buf_attach_client(0, client)
end
