#!/usr/bin/env bash
# MLflow server (needs Python 3.10+): mlflow.sh install | start | stop | python (prints the path of its Python)
# MLFLOW_NAME: another name starts a second server beside the first.
# MLFLOW_BACKEND_STORE: its database, sqlite in the run's folder by default; postgresql+psycopg2://… for PostgreSQL.
# MLFLOW_ARTIFACTS: where its proxy keeps artifacts, a folder by default; s3://bucket/path with what `s3.sh start` prints.
# MLFLOW_SERVER_ARGS: more arguments of `mlflow server`.
# MLFLOW_AUTH_ADMIN_PASSWORD: asks for a password (its user is admin), and is needed to see whether the server is ready.
. "$(dirname "$0")/lib.sh"

version=3.17.2
venv=$cache/mlflow-$version
name=${MLFLOW_NAME:-mlflow}

packages=("mlflow==$version" boto3 psycopg2-binary Flask-WTF) # the last is for --app-name basic-auth

# A venv holds its own path, so it is made in place and marked with what is in it when it is whole.
install() {
  [ "$(cat "$venv/whole" 2>/dev/null)" != "${packages[*]}" ] || return 0
  local t=$SECONDS
  say "installing mlflow $version"
  if [ ! -e "$venv/whole" ]; then
    python3 -c 'import ensurepip' 2>/dev/null || debian python3-venv
    rm -rf "$venv"
    mkdir -p "$cache"
    python3 -m venv "$venv" >&2
  fi
  "$venv/bin/pip" install -q "${packages[@]}" >&2
  echo "${packages[*]}" >"$venv/whole"
  say "installed mlflow $version in $((SECONDS - t)) s"
}

start() {
  local dir=$run/$name port=$(ports "$name" 1)
  local store=${MLFLOW_BACKEND_STORE:-sqlite:///$dir/mlflow.db} artifacts=${MLFLOW_ARTIFACTS:-$dir/artifacts}
  cat >"$dir/env" <<-EOF
	export MLFLOW_TRACKING_URI=http://127.0.0.1:$port
	export MLFLOW_PYTHON=$venv/bin/python
	EOF
  # Without its job runner, with one worker: 6 s instead of 18 to 70.
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_DISABLE_TELEMETRY=true \
    launch "$name" "$venv/bin/mlflow" server --workers 1 --host 127.0.0.1 --port "$port" \
    --backend-store-uri "$store" --artifacts-destination "$artifacts" ${MLFLOW_SERVER_ARGS:-}
  # /health answers before the store is open, so ask the store
  wait_http "$name" "http://${MLFLOW_AUTH_ADMIN_PASSWORD:+admin:$MLFLOW_AUTH_ADMIN_PASSWORD@}127.0.0.1:$port/api/2.0/mlflow/experiments/get?experiment_id=0" 120
}

if [ "${1:-}" = python ]; then
  locked "$cache/mlflow.sh.lock" install
  echo "$venv/bin/python"
  exit
fi
main "$name" "$@"
