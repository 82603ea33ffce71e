#!/bin/sh
# Builds afterpush and installs it for this user, or removes it again.

set -eu

usage() {
    cat <<'END'
install/install.sh [--prefix DIR] [--demo]
install/install.sh [--prefix DIR] --uninstall

  --prefix DIR  install below DIR: programs in DIR/bin, completions and man pages in DIR/share
                (default: ~/.local)
  --demo        then run `afterpush demo`: a push that goes live and one that fails, on a throwaway repository
  --uninstall   remove what this script installed; repositories keep their hooks until `afterpush uninstall`
END
}

say() {
    printf '%s\n' "$*" >&2
}

# Says what is missing and how to get it, here and on the other system people use.
lacks() {
    case $(uname -s) in
        Darwin) say "$1 is missing. On macOS: $3" ;;
        *) say "$1 is missing. On Debian or Ubuntu: $2" ;;
    esac
    missing=yes
}

check_tools() {
    missing=no
    rustup="install Rust as https://rustup.rs shows, then open a new shell"
    command -v git >/dev/null || lacks 'git' 'sudo apt-get install git' 'xcode-select --install'
    command -v cc >/dev/null || lacks 'A C compiler (cc)' 'sudo apt-get install gcc libc6-dev' 'xcode-select --install'
    if ! command -v cargo >/dev/null; then
        lacks 'cargo' "$rustup" "$rustup"
    elif ! new_enough "$(rustc --version | cut -d ' ' -f 2)" "$wanted"; then
        say "Rust $wanted or newer is needed, and this is $(rustc --version). Run \`rustup update\`, or $rustup."
        missing=yes
    fi
    [ $missing = no ] || { say 'Nothing was installed. Then run this again.'; exit 1; }
}

# Whether version $1 is at least $2; both are MAJOR.MINOR and perhaps more.
new_enough() {
    major=${1%%.*} minor=${1#*.} minor=${minor%%.*}
    [ "$major" -gt "${2%%.*}" ] || { [ "$major" -eq "${2%%.*}" ] && [ "$minor" -ge "${2#*.}" ]; }
}

# Puts a file in its place in one step, so that a running program is not written into and none is ever half there.
place() {
    cp "$1" "$2/.$3.new"
    chmod "$4" "$2/.$3.new"
    mv -f "$2/.$3.new" "$2/$3"
}

# Where a shell looks for completions below a prefix, and what it expects the file to be called.
completion_file() {
    case $1 in
        bash) printf '%s' "$share/bash-completion/completions/afterpush" ;;
        zsh) printf '%s' "$share/zsh/site-functions/_afterpush" ;;
        fish) printf '%s' "$share/fish/vendor_completions.d/afterpush.fish" ;;
    esac
}

install_all() {
    check_tools
    say 'Building afterpush; the first time this takes 4 to 10 minutes on a small machine.'
    cargo build --release --locked --bins --target-dir target
    mkdir -p "$bin" "$man"
    place target/release/afterpush-hook "$bin" afterpush-hook 755
    place target/release/afterpush "$bin" afterpush 755
    for shell in bash zsh fish; do
        file=$(completion_file $shell)
        mkdir -p "${file%/*}"
        "$bin/afterpush" completions $shell >"$file"
    done
    "$bin/afterpush" man --dir "$man"
    say "Installed $("$bin/afterpush" --version) in $bin."
    case :$PATH: in
        *:"$bin":*) ;;
        *) say "$bin is not on your PATH. Add this line to your shell's startup file: export PATH=\"$bin:\$PATH\"" ;;
    esac
    case ${SHELL-} in
        */zsh) say "zsh finds the completions with this line before compinit: fpath+=(\"$share/zsh/site-functions\")" ;;
    esac
}

uninstall_all() {
    rm -f "$bin/afterpush" "$bin/afterpush-hook" "$man/afterpush.1" "$man"/afterpush-*.1
    for shell in bash zsh fish; do
        rm -f "$(completion_file $shell)"
    done
    say "Removed afterpush from $prefix."
}

task=install_all demo=no prefix=
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) [ $# -gt 1 ] || { usage >&2; exit 2; }; prefix=$2; shift ;;
        --prefix=*) prefix=${1#*=} ;;
        --demo) demo=yes ;;
        --uninstall) task=uninstall_all ;;
        -h | --help) usage; exit ;;
        *) say "unknown argument: $1"; usage >&2; exit 2 ;;
    esac
    shift
done
prefix=${prefix:-${HOME:?}/.local}
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
bin=$prefix/bin share=$prefix/share man=$prefix/share/man/man1

cd "$(dirname "$0")/.."
# A fresh rustup is on the PATH of new shells alone.
PATH=$PATH:${HOME:-/}/.cargo/bin
wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
$task
[ $demo = no ] || exec "$bin/afterpush" demo
