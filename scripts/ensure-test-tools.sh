#!/usr/bin/env bash
# Makes sure that everything the test suite drives is on this machine: real seeders, players, databases, the real rqbit.
# As root on Debian or Ubuntu it installs what is missing; otherwise it says what to install, and fails.
set -euo pipefail

# command (or file, or python module) that must be there : Debian package that brings it
needs=(
  "fusermount3:fuse3"
  "/usr/include/fuse3/fuse.h:libfuse3-dev"
  "gcc:gcc"
  "pkg-config:pkg-config"
  "python:libtorrent:python3-libtorrent"
  "transmission-daemon:transmission-daemon"
  "transmission-create:transmission-cli"
  "ffmpeg:ffmpeg"
  "sqlite3:sqlite3"
  "rsync:rsync"
  "getfattr:attr"
  "setpriv:util-linux"
  "tmux:tmux"
  "fuser:psmisc"
  "systemd-analyze:systemd"
  "promtool:prometheus"
  "chromium:chromium"
)

present() {
  case $1 in
    python:*) /usr/bin/python3 -c "import ${1#python:}" 2>/dev/null ;;
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# First of all: what no package of Debian brings.
"$(dirname "$0")/install-rqbit.sh" --check

missing=()
for need in "${needs[@]}"; do
  present "${need%:*}" || missing+=("${need##*:}")
done

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "The tests need these Debian packages: ${missing[*]}" >&2
    echo "Install them with: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  echo "Installing what the tests need: ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# Wherever udev runs the device is open to all, and fusermount3 decides. Without udev it may be root's alone.
if [ "$(id -u)" = 0 ] && [ -e /dev/fuse ] && [ "$(stat -c %a /dev/fuse)" != 666 ]; then
  echo "Making /dev/fuse accessible to ordinary users, as udev would (it was mode $(stat -c %a /dev/fuse))"
  chmod 666 /dev/fuse
fi

"$(dirname "$0")/install-rqbit.sh"
