#!/usr/bin/env bash
# Python with Keras on JAX, its lightest backend, beside the venv of mlflow.sh: keras.sh install | python (prints the path of its Python)
. "$(dirname "$0")/lib.sh"

packages=(keras==3.15.1 jax)
venv=$cache/keras-3.15.1

# Which JAX there is depends on the Python. MLflow is not installed a second time: a .pth file names where it is.
install() {
  local mlflow site='import sysconfig; print(sysconfig.get_path("purelib"))' t=$SECONDS
  mlflow=$("$here/mlflow.sh" python)
  [ "$(cat "$venv/whole" 2>/dev/null)" != "${packages[*]} $mlflow" ] || return 0
  say "installing ${packages[*]}"
  rm -rf "$venv"
  python3 -m venv "$venv" >&2
  "$mlflow" -c "$site" >"$("$venv/bin/python" -c "$site")/mlflow.pth"
  "$venv/bin/pip" install -q "${packages[@]}" >&2
  echo "${packages[*]} $mlflow" >"$venv/whole"
  say "installed ${packages[*]} in $((SECONDS - t)) s"
}

case ${1:-} in
install | python)
  locked "$cache/keras.sh.lock" install
  [ "$1" = install ] || echo "$venv/bin/python"
  ;;
*) say "usage: ${0##*/} install | python" && exit 2 ;;
esac
