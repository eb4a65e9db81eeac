#!/bin/sh
# Makes FOLDER/scenario, which runs the program by the Python that has Portico's SDK: build.sh FOLDER. Without PYTHON it is
# that of the checkout's own environment, which ./portico makes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
printf '#!/bin/sh\nexec "%s" "%s/scenario.py" "$@"\n' "${PYTHON:-$here/../../../.venv/bin/python}" "$here" > "$1/scenario"
chmod +x "$1/scenario"
