#!/usr/bin/env bash
# PostgreSQL (Debian's package `postgresql`): postgres.sh install | start | stop
. "$(dirname "$0")/lib.sh"

stop_signal=INT # "fast": TERM would wait for MLflow's open connections

bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }

install() { [ -n "$(bin)" ] || debian postgresql; }

# The server refuses to run as root.
as_postgres() { [ "$(id -u)" != 0 ] || echo setpriv --reuid=postgres --regid=postgres --clear-groups; }

start() {
  local dir=$run/postgres port
  port=$(ports postgres 1)
  mkdir -p "$dir/data"
  [ "$(id -u)" != 0 ] || { chown -R postgres: "$dir"; chmod 711 "$run"; }
  [ -e "$dir/data/PG_VERSION" ] || $(as_postgres) "$(bin)/initdb" -D "$dir/data" -U mlflow --auth=trust >"$dir/initdb.log"
  echo "export MLFLOW_BACKEND_STORE=postgresql+psycopg2://mlflow@127.0.0.1:$port/postgres" >"$dir/env"
  launch postgres $(as_postgres) "$(bin)/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories=
  for _ in $(seq 100); do "$(bin)/pg_isready" -q -h 127.0.0.1 -p "$port" && return; sleep 0.1; done
  say "postgres is not ready:" && tail -n 20 "$dir/log" >&2
  return 1
}

main postgres "$@"
