#!/bin/sh
# Builds rqbit 9.0.1 for the tests and benchmarks, once, into the cache folder where they look for it.
# TORRENT_FUSE_TEST_RQBIT names another one to use. With --check it only tells whether there is one, or what it takes to build it.
set -eu
version=9.0.1
root="${XDG_CACHE_HOME:-$HOME/.cache}/torrent-fuse/rqbit-$version"
binary="${TORRENT_FUSE_TEST_RQBIT:-$root/bin/rqbit}"
if [ -x "$binary" ]; then
  [ "${1:-}" = --check ] || echo "rqbit is there: $binary"
  exit 0
fi
# HOME may be a scratch one; rustup's toolchains are where the account has them.
account_home=$(getent passwd "$(id -u)" | cut -d: -f6)
if [ ! -d "${RUSTUP_HOME:-$HOME/.rustup}/toolchains" ] && [ -d "$account_home/.rustup/toolchains" ]; then
  export RUSTUP_HOME="$account_home/.rustup" CARGO_HOME="$account_home/.cargo"
fi
rust=$(cargo --version 2>/dev/null | cut -d' ' -f2)
oldest=$(printf '%s\n' 1.88.0 "$rust" | sort -V | head -n 1)
if [ "$oldest" != 1.88.0 ]; then
  echo "rqbit is built with Rust 1.88 or newer, and cargo here is ${rust:-missing}: see https://rustup.rs, or name an rqbit" \
    "$version in TORRENT_FUSE_TEST_RQBIT" >&2
  exit 1
fi
[ "${1:-}" != --check ] || exit 0
# Without the web page, which needs npm at build time. rust-tls needs no OpenSSL; default-tls needs libssl-dev, pkg-config.
build() {
  cargo install rqbit --version "$version" --locked --no-default-features --features "$1" --root "$root"
}
build rust-tls || build default-tls
"$root/bin/rqbit" --version
