#!/usr/bin/env bash
# Owns: WebGPU without a GPU, for tests: SwiftShader, the Vulkan driver in software that Debian's chromium brings, with a
# Vulkan loader, and the optional packages of the backend `webgpu` in node_modules. Needs npm, apt-get and dpkg-deb; no
# rights of root unless the lists of apt are missing. Leaves package.json alone. The last line is the environment to run
# with. Exit status 75: not possible here, and the last line says why.
#
# Usage: env $(scripts/swiftshader.sh [FOLDER] | tail -n 1) npx vitest run test/runtime/backends/webgpu.test.ts
#        what is unpacked is kept in FOLDER (default ~/.cache/dsamp-swiftshader)

set -uo pipefail
cd "$(dirname "$0")/.."

dawn=0.6.2
tfjs=4.22.0 # its last release, and that of the other packages of tfjs here
keep=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/dsamp-swiftshader}
mkdir -p "$keep"
keep=$(cd "$keep" && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

skip() {
  tail -n 5 "$log"
  echo "$1"
  exit 75
}

for tool in npm apt-get dpkg-deb tar; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done

driver=$keep/driver
if [ ! -e "$driver/complete" ]; then
  rm -rf "$driver" && mkdir -p "$driver"
  # The warning about the user _apt is about a folder that only root reads; the download is whole all the same.
  (cd "$driver" && { apt-get download chromium-common || { apt-get update && apt-get download chromium-common; }; }) \
    >"$log" 2>&1 || skip "Debian's package chromium-common cannot be downloaded"
  dpkg-deb --fsys-tarfile "$driver"/*.deb | tar -x -C "$driver" --strip-components=4 \
    ./usr/lib/chromium/{libvk_swiftshader.so,libvulkan.so.1,vk_swiftshader_icd.json} >"$log" 2>&1 ||
    skip "Debian's package chromium-common has no SwiftShader in it"
  rm "$driver"/*.deb
  touch "$driver/complete"
fi

packages=$keep/packages-$dawn-$tfjs
if [ ! -e "$packages/complete" ]; then
  # In a folder of its own: npm does not install what the lock file knows as an absent optional peer.
  rm -rf "$packages" && mkdir -p "$packages" && echo '{"private": true}' >"$packages/package.json"
  npm install --prefix "$packages" --ignore-scripts "webgpu@$dawn" \
    "@tensorflow/tfjs-backend-webgpu@$tfjs" "@tensorflow/tfjs-core@$tfjs" >"$log" 2>&1 ||
    skip "the packages webgpu and @tensorflow/tfjs-backend-webgpu cannot be installed"
  touch "$packages/complete"
fi
[ -e node_modules/webgpu ] || ln -sfn "$packages/node_modules/webgpu" node_modules/webgpu
# A copy, not a link: it must find the @tensorflow/tfjs-core of this project, not that beside it.
copy=node_modules/@tensorflow/tfjs-backend-webgpu
if [ ! -e "$copy" ]; then
  mkdir -p "$copy/dist"
  cp "$packages/$copy/package.json" "$copy/"
  cp "$packages/$copy"/dist/tf-backend-webgpu.node.js "$copy/dist/"
fi

settings="VK_DRIVER_FILES=$driver/vk_swiftshader_icd.json LD_LIBRARY_PATH=$driver"
# shellcheck disable=SC2086
env $settings node --input-type=module -e '
  import { create } from "webgpu";
  const adapter = await create([]).requestAdapter();
  if (adapter === null) throw new Error("no adapter");
  console.log(`WebGPU is ready, on ${adapter.info.description}`);
' 2>"$log" || skip "the packages are installed but Dawn finds no adapter with SwiftShader"
echo "$settings"
