#!/usr/bin/env bash
# Chromium from Debian's package: chromium.sh install | start | stop
# No server: a test launches the browser itself, each time with a new profile.
. "$(dirname "$0")/lib.sh"

install() { command -v chromium >/dev/null || debian chromium; }

start() {
  local path
  path=$(command -v chromium)
  "$path" --version >"$run/chromium/log" 2>&1 || { say "chromium does not start:"; tail -n 20 "$run/chromium/log" >&2; return 1; }
  echo "export CHROMIUM_PATH=$path" >"$run/chromium/env"
}

main chromium "$@"
