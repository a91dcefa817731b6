#!/bin/sh
# Builds rqbit 9.0.1 for the tests and benchmarks, once, into the cache folder where they look for it.
set -eu
version=9.0.1
root="${XDG_CACHE_HOME:-$HOME/.cache}/torrent-fuse/rqbit-$version"
if [ -x "$root/bin/rqbit" ]; then
  echo "rqbit $version is there: $root/bin/rqbit"
  exit 0
fi
# HOME may be a scratch one; rustup's toolchains are where the account has them.
account_home=$(getent passwd "$(id -u)" | cut -d: -f6)
if [ ! -d "${RUSTUP_HOME:-$HOME/.rustup}/toolchains" ] && [ -d "$account_home/.rustup/toolchains" ]; then
  export RUSTUP_HOME="$account_home/.rustup" CARGO_HOME="$account_home/.cargo"
fi
command -v cargo >/dev/null || { echo "cargo is missing; install Rust 1.85 or newer (https://rustup.rs)" >&2; exit 1; }
# Without the web page, which needs npm at build time. rust-tls needs no OpenSSL; default-tls needs libssl-dev, pkg-config.
build() {
  cargo install rqbit --version "$version" --locked --no-default-features --features "$1" --root "$root"
}
build rust-tls || build default-tls
"$root/bin/rqbit" --version
