#!/bin/sh
# Runs all tests: tests/run.sh [--all] [--install] [arguments of `cargo test`]
#
# Without --all those tests wait that need root, namespaces, other tools or minutes; what they are is said at the end.
# What they need and the machine lacks is installed by root, or by sudo with --install; without either, the missing
# packages are named and nothing runs.

set -eu
cd "$(dirname "$0")/.."

all=no install=no
while :; do
    case ${1-} in
    --all) all=yes ;;
    --install) install=yes ;;
    *) break ;;
    esac
    shift
done

say() {
    printf '%s\n' "$*" >&2
}

if [ $all = yes ] && [ "$(id -u)" != 0 ]; then
    say 'tests/run.sh --all mounts disks and changes users: run it as root, on a machine where that is fine.'
    exit 1
fi

command -v cargo >/dev/null || {
    say 'cargo is missing. Install Rust as https://rustup.rs shows, open a new shell and run this again.'
    exit 1
}

# The Debian packages behind the programs that are not there.
missing=
needs() {
    command -v "$1" >/dev/null || missing="$missing $2"
}
# Servers, which Debian keeps off the path. The tests start their own; no service is needed.
needs_server() {
    for place in /usr/sbin/"$1" /usr/lib/postgresql/*/bin/"$1"; do
        [ -x "$place" ] && return
    done
    needs "$1" "$2"
}
needs git git
needs cc 'gcc libc6-dev'
needs script bsdutils
needs strace strace
needs git-lfs git-lfs
# What the machine's git must know for the tests that are run: refs in tables, and with --all hooks side by side.
[ $all = yes ] && newer_git=2.55 || newer_git=2.45
if ! tests/git.sh --is "$newer_git"; then
    needs make make
    needs xz xz-utils
    needs curl-config libcurl4-openssl-dev
    [ -e /usr/include/zlib.h ] || missing="$missing zlib1g-dev"
fi
python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
needs_server initdb postgresql
needs_server mariadbd 'mariadb-server-core mariadb-client-core'
case " $* " in
*' keyring '*) needs dbus-daemon dbus-daemon ;;
esac
if [ $all = yes ]; then
    needs strace strace
    needs valgrind valgrind
    needs faketime faketime
    needs setfacl acl
    needs ip iproute2
    needs mkfs.ext4 e2fsprogs
    needs xfs_io xfsprogs
fi

if [ -n "$missing" ]; then
    [ "$(id -u)" = 0 ] && as_root='' || as_root=sudo
    if ! command -v apt-get >/dev/null; then
        say "Missing (under Debian's names):$missing. Install them and run this again."
        exit 1
    elif [ -n "$as_root" ] && [ $install = no ]; then
        say "Missing:$missing. Install them with: sudo apt-get install$missing; or run: tests/run.sh --install"
        exit 1
    fi
    say "Installing$missing."
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # Words on purpose: package names, and a sudo that root does not need.
    { $as_root apt-get update -q && $as_root apt-get install -qy --no-install-recommends $missing; } >&2
fi

# Real neighbours of ours. The tests beside them fail where they are missing, and say so.
tests/managers.sh || say 'The managers of hooks could not be installed: npm and pip have to reach their registries.'
tests/git.sh "$newer_git" || say "git $newer_git could not be built from Debian's sources."
if [ $all = yes ] && [ ! -x target/jj/bin/jj ]; then
    cargo install --quiet --locked --debug --no-default-features --features git --root target/jj jj-cli@0.45.1 ||
        say 'jj could not be built.'
fi

# The stories wait more than they compute.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-8}"
if [ $all = yes ]; then
    export AFTERPUSH_SIMULATE="${AFTERPUSH_SIMULATE:-10000}"
    case " $* " in
    *' -- '*) exec cargo test --locked "$@" --include-ignored </dev/null ;;
    *) exec cargo test --locked "$@" -- --include-ignored </dev/null ;;
    esac
fi
cargo test --locked "$@" </dev/null
say 'tests/run.sh --all would run these as well:'
grep -rhoE '#\[ignore = ".*"\]' src tests --include='*.rs' | cut -d'"' -f2 | sort | uniq -c >&2
