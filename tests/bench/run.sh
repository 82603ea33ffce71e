#!/bin/sh
# What afterpush costs, beside its peers and the floor: tests/bench/run.sh [--rounds PERCENT] [CHAPTER...]
#
# Chapters: size start push push-large status wait idle crowd apps clean; all of them take about half an hour. Builds
# the programs and installs the peers (tests/managers.sh); the raw figures go to target/bench.

set -eu
cd "$(dirname "$0")/../.."
peers=$PWD/target/managers
out=$PWD/target/bench/figures
mkdir -p "$out"

for tool in git python3; do
    command -v $tool >/dev/null || { echo "$tool is missing; without it the peers cannot be measured" >&2; exit 1; }
done
tests/managers.sh

cargo build --release --locked --bins
cargo bench --quiet --locked --profile dev --bench speed --no-run

sed -n 's/^model name[^:]*: /Machine: /p' /proc/cpuinfo | uniq -c
uname -sr
git --version
rustc --version
printf 'husky %s, lefthook %s, %s, %s\n' \
    "$(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$peers/node_modules/husky/package.json")" \
    "$("$peers/bin/lefthook" version)" "$("$peers/bin/pre-commit" --version)" "$("$peers/bin/prek" --version)"
printf 'Load before: %s\n' "$(cat /proc/loadavg)"
cargo bench --quiet --locked --profile dev --bench speed -- "$PWD/target/release" "$peers" "$out" "$@"
printf '\nLoad after: %s\n' "$(cat /proc/loadavg)"
