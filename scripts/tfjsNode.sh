#!/usr/bin/env bash
# Owns: @tensorflow/tfjs-node in node_modules where its own installer cannot download the C library. The library and its
# headers are in TensorFlow's Python wheel; the package's binding is built against them. Needs npm, pip, g++, make and
# Node's headers. Leaves package.json alone. Exit status 75: not possible here, and the last line says why.
#
# Usage: scripts/tfjsNode.sh [FOLDER]    the unpacked library is kept in FOLDER (default ~/.cache/dsamp-tensorflow)

set -uo pipefail
cd "$(dirname "$0")/.."

package=4.22.0
wheel=2.15.1 # the C API of 2.9, which the package was made for, is still in it; the first wheels with libtensorflow_cc
python=3.11  # that of the wheel, not of this machine
keep=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/dsamp-tensorflow}/$wheel
name=node_modules/@tensorflow/tfjs-node
log=$(mktemp)
trap 'rm -f "$log"' EXIT

skip() {
  tail -n 5 "$log"
  echo "$1"
  exit 75
}

for tool in npm python3 g++ make; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
case "$(node -p 'process.platform + "-" + process.arch + "-" + (parseInt(process.versions.node) <= 22)')" in
linux-x64-true) ;;
*) skip "tfjs-node $package needs Node 22 or older, and this script Linux on x64" ;;
esac

if [ ! -e "$keep/complete" ]; then
  mkdir -p "$keep"
  python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version "$python" \
    --platform manylinux2014_x86_64 --dest "$keep/wheel" "tensorflow-cpu==$wheel" >"$log" 2>&1 ||
    skip "the TensorFlow wheel cannot be downloaded from the Python registry"
  python3 - "$keep" >"$log" 2>&1 <<'PYTHON' || skip "the TensorFlow wheel cannot be unpacked"
import pathlib, sys, zipfile
keep = pathlib.Path(sys.argv[1])
[wheel] = (keep / "wheel").glob("*.whl")
headers = tuple("tensorflow/include/" + folder for folder in ("tensorflow/c/", "tensorflow/core/platform/", "tsl/"))
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        library = name in ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2")
        if library or (name.startswith(headers) and name.endswith(".h")):
            archive.extract(name, keep)
lib = keep / "lib"
lib.mkdir(exist_ok=True)
for name in ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2"):
    (keep / "tensorflow" / name).replace(lib / name)
# The binding links with -ltensorflow and -ltensorflow_framework.
(lib / "libtensorflow.so").symlink_to("libtensorflow_cc.so.2")
(lib / "libtensorflow_framework.so").symlink_to("libtensorflow_framework.so.2")
wheel.unlink()
(keep / "complete").touch()
PYTHON
fi

# In a folder of its own: npm does not install what the lock file knows as an absent optional peer.
if [ ! -e "$keep/built" ]; then
  mkdir -p "$keep/package" && echo '{"private": true}' >"$keep/package/package.json"
  npm install --prefix "$keep/package" --ignore-scripts "@tensorflow/tfjs-node@$package" >"$log" 2>&1 ||
    skip "@tensorflow/tfjs-node cannot be installed"
  mkdir -p "$keep/package/$name/deps"
  ln -sfn "$keep/lib" "$keep/package/$name/deps/lib"
  ln -sfn "$keep/tensorflow/include" "$keep/package/$name/deps/include"
  # Headers that came with Node spare node-gyp a download.
  node=$(node -p 'require("path").dirname(require("path").dirname(process.execPath))')
  [ -e "$node/include/node/node_api.h" ] && export npm_config_nodedir=$node
  (cd "$keep/package/$name" && ../../.bin/node-pre-gyp install --build-from-source) >"$log" 2>&1 ||
    skip "the binding of tfjs-node cannot be built: $(grep -m 1 -E 'error|ERR! stack' "$log")"
  touch "$keep/built"
fi
[ -e "$name" ] && [ ! -L "$name" ] && skip "$name is there already"
ln -sfn "$keep/package/$name" "$name"
TF_CPP_MIN_LOG_LEVEL=1 node -e 'const tf = require("@tensorflow/tfjs-node"); tf.add(1, 2).dataSync()' >"$log" 2>&1 ||
  skip "the binding of tfjs-node was built but does not load"
echo "@tensorflow/tfjs-node $package is ready, on TensorFlow $wheel"
