#!/bin/sh
# Installs the managers of hooks that the tests and the benchmark meet into target/managers: tests/managers.sh
#
# Needs npm and python3 with its module venv. It does nothing where these very versions are there already.

set -eu
cd "$(dirname "$0")/.."
folder=$PWD/target/managers

from_npm='husky@9.1.7 lefthook@2.2.2'
from_python='pre-commit==4.7.0 prek==0.5.11'

[ "$(cat "$folder/versions" 2>/dev/null)" != "$from_npm $from_python" ] || exit 0
rm -rf "$folder"
mkdir -p "$folder/bin"
# shellcheck disable=SC2086 # Words on purpose.
npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$folder" $from_npm </dev/null
python3 -m venv "$folder/python"
# shellcheck disable=SC2086
"$folder/python/bin/pip" --quiet --disable-pip-version-check install $from_python </dev/null
ln -s "$folder"/node_modules/lefthook-*/bin/lefthook "$folder/bin/lefthook"
ln -s "$folder/python/bin/pre-commit" "$folder/python/bin/prek" "$folder/bin"
# husky is a script that only node can run.
ln -s "$folder/node_modules/husky/bin.js" "$folder/bin/husky"
# Last, so that what was broken off is begun anew.
echo "$from_npm $from_python" >"$folder/versions"
