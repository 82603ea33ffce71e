#!/bin/sh
# Builds a git that is newer than most machines' into target/git: tests/git.sh [--is] VERSION
#
# It does nothing where the git on the path, or the one that lies there, is of this version (like 2.55) or newer; with
# --is it only tells whether one of them is. The source is what Debian's unstable has: apt gets and verifies it from the
# mirror this machine uses, with lists of its own, so that nothing of the machine's configuration changes. It needs cc,
# make, xz, and the headers of zlib and curl.

set -eu
cd "$(dirname "$0")/.."
folder=$PWD/target/git
only=no
[ "$1" != --is ] || { only=yes && shift; }
wanted=$1

is_new() {
    found=$("$1" --version 2>/dev/null) || return 1
    printf '%s\n' "$wanted" "${found#git version }" | sort --check=quiet --version-sort
}
! is_new git || exit 0
! is_new "$folder/bin/git" || exit 0
[ $only = no ] || exit 1

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' | head -n 1)
[ -n "$mirror" ] || {
    echo 'No mirror of Debian is known here. Run apt-get update, or build git by yourself.' >&2
    exit 1
}
build=$folder/build
rm -rf "$folder"
mkdir -p "$build/lists/partial" "$build/cache/archives/partial"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb-src [signed-by=$keys] $mirror sid main" >"$build/sources.list"
unstable() {
    apt-get -q -o Dir::Etc::SourceList="$build/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$build/lists" -o Dir::Cache="$build/cache" -o APT::Sandbox::User=root "$@" >&2
}
unstable update
(cd "$build" && unstable source --download-only git)
mkdir "$build/source"
tar -xf "$build"/git_*.orig.tar.xz -C "$build/source" --strip-components=1
make -C "$build/source" --silent -j"$(nproc)" prefix="$folder" NO_GETTEXT=1 NO_TCLTK=1 NO_PERL=1 NO_PYTHON=1 \
    NO_EXPAT=1 NO_OPENSSL=1 NO_RUST=1 CFLAGS=-O1 install >&2
rm -rf "$build"
is_new "$folder/bin/git" || {
    echo "Debian's unstable has $found, which is older than $wanted." >&2
    exit 1
}
