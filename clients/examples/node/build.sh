#!/bin/sh
# Makes FOLDER/scenario with the client installed beside it: build.sh FOLDER. The client must be built before: `npm ci` and
# `npm run build` in clients/node. Needs Node 20 or newer (Debian 12 has 18).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/node_modules/@portico"
ln -sfn "$here/../../node" "$1/node_modules/@portico/client"
cp "$here/scenario.mjs" "$1/"
printf '#!/bin/sh\nexec node "%s/scenario.mjs" "$@"\n' "$1" > "$1/scenario"
chmod +x "$1/scenario"
