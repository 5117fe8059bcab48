# Sourced by the backend scripts. For Linux; apt-get is asked only for what is missing.
#   BACKENDS_CACHE  built binaries, kept between runs   (default ~/.cache/backends)
#   BACKENDS_RUN    pid files, logs and data of one run (default /tmp/backends-UID)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${BACKENDS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/backends}
run=${BACKENDS_RUN:-${TMPDIR:-/tmp}/backends-$(id -u)}
stop_signal=TERM

# stdout is the environment that a caller evaluates, so everything else goes to stderr.
say() { echo "$*" >&2; }

# free_ports N: N distinct free ports on the loopback address, on one line
free_ports() {
  node -e '
    const open = () => new Promise((ok) => { const s = require("net").createServer().listen(0, "127.0.0.1", () => ok(s)) })
    Promise.all(Array.from({ length: process.argv[1] }, open)).then((all) => {
      console.log(all.map((s) => s.address().port).join(" "))
      all.forEach((s) => s.close())
    })' "$1"
}

# ports NAME N: N free ports, the same ones whenever NAME is started again in this run
ports() {
  local file=$run/$1/ports
  [ -s "$file" ] || free_ports "$2" >"$file"
  cat "$file"
}

# debian PACKAGE: installs it
debian() {
  local root=()
  [ "$(id -u)" = 0 ] || root=(sudo -n)
  say "installing Debian's $1"
  "${root[@]}" apt-get update -qq >&2
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >&2
}

# build FILE COMMAND...: runs COMMAND with the file to write as its last argument, unless FILE exists
build() {
  local file=$1 t=$SECONDS
  shift
  [ ! -e "$file" ] || return 0
  mkdir -p "$cache"
  say "building ${file##*/}"
  "$@" "$file.$$" >&2
  mv "$file.$$" "$file"
  say "built ${file##*/} in $((SECONDS - t)) s"
}

# go_build FOLDER PACKAGE FILE
go_build() {
  command -v go >/dev/null || { say "${3##*/} is built by Go 1.26 or later: https://go.dev/dl/"; return 1; }
  (cd "$1" && CGO_ENABLED=0 GOWORK=off go build -mod=readonly -trimpath -ldflags='-s -w' -o "$3" "$2")
}

# go_module MODULE@VERSION PACKAGE FILE: in the module's own folder, because
# `go install` refuses a module with replace directives
go_module() {
  local dir
  dir=$(go mod download -json "$1" | node -p 'JSON.parse(fs.readFileSync(0)).Dir')
  go_build "$dir" "$2" "$3"
}

running() { # NAME
  local pid
  pid=$(cat "$run/$1/pid" 2>/dev/null) && grep -qzxF "BACKEND_DIR=$run/$1" "/proc/$pid/environ" 2>/dev/null
}

# launch NAME COMMAND...: in the background, detached from this script
launch() {
  local name=$1 dir=$run/$1
  shift
  BACKEND_DIR=$dir setsid "$@" >"$dir/log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  for _ in $(seq 20); do running "$name" && break; sleep 0.05; done
}

wait_http() { # NAME URL [SECONDS]
  local end=$((SECONDS + ${3:-60}))
  until curl -fsS -o /dev/null --max-time 2 "$2" 2>/dev/null; do
    if ! running "$1" || [ $SECONDS -ge $end ]; then
      say "$1 is not healthy:"
      tail -n 20 "$run/$1/log" >&2
      stop "$1"
      return 1
    fi
    sleep 0.1
  done
}

stop() { # NAME
  local pid
  if running "$1"; then
    pid=$(cat "$run/$1/pid")
    kill -"$stop_signal" "$pid"
    for _ in $(seq 100); do
      running "$1" || break
      sleep 0.1
    done
    ! running "$1" || kill -KILL -- "-$pid" # the whole session: MLflow has children
  fi
  rm -f "$run/$1/pid"
}

start_once() { # NAME ARGS...
  running "$1" && return
  shift
  start "$@"
}

# locked FILE COMMAND...: two test files may want one thing at once; the second waits and finds it there
locked() (
  mkdir -p "${1%/*}"
  exec 9>>"$1"
  shift
  flock 9
  "$@" 9>&-
)

# main NAME ARGS...: start (prints the environment), stop, install
main() {
  local name=$1 verb=${2:-} script=${0##*/}
  shift $(($# < 2 ? $# : 2))
  case $verb in
  install) locked "$cache/$script.lock" install ;;
  start)
    locked "$cache/$script.lock" install
    mkdir -p "$run/$name"
    locked "$run/$name/lock" start_once "$name" "$@"
    cat "$run/$name/env"
    ;;
  stop) stop "$name" ;;
  *) say "usage: $0 install | start | stop" && return 2 ;;
  esac
}
