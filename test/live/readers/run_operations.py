"""Runs a script of operations by MLflow's own client: the script on stdin, one outcome a line on stdout."""

import contextlib
import json
import os
import re
import sys

os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"  # a 500 is an answer to compare, not to wait out
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"

from reader import plain  # noqa: E402 (it sets variables that mlflow reads when it is imported)
from operation_arguments import adapt  # noqa: E402
from operation_results import describe  # noqa: E402

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402


def snake(name):
    name = re.sub(r"Ms$", "", name)
    return re.sub(r"[A-Z]", lambda found: "_" + found.group().lower(), name)


def resolve(value, made):
    if isinstance(value, list):
        return [resolve(each, made) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("ref"), str):
        return made.get(value["ref"], "never-made-" + re.sub(r"\W", "-", value["ref"]))
    return {key: resolve(each, made) for key, each in value.items()}


def part_at(value, path):
    for step in path.split(".") if path else []:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def take(method, args, options, pages):
    """A page is a list with a token; all of it is every page."""
    items = method(*args, **options)
    token = getattr(items, "token", None)
    if pages == "firstPage":
        return {"items": describe(list(items)), "hasMore": bool(token)}
    found = list(items)
    while token:
        items = method(*args, **{**options, "page_token": token})
        token = items.token
        found.extend(items)
    return describe(found)


def run(client, operation, made):
    name = snake(operation["method"])
    args = resolve(operation["args"], made)
    options = {snake(key): value for key, value in resolve(operation.get("options", {}), made).items()}
    args, options = adapt(name, args, options)
    method = getattr(client, name)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            pages = operation.get("take")
            value = take(method, args, options, pages) if pages else describe(method(*args, **options))
    except MlflowException as error:
        return {
            "kind": "error",
            "code": error.error_code,
            "status": error.get_http_status_code(),
            "message": str(error)[:500],
        }
    except Exception as error:
        return {"kind": "error", "code": type(error).__name__, "status": 0, "message": str(error)[:500]}
    if "as" in operation:
        made[operation["as"]] = part_at(value, operation.get("at"))
    return {"kind": "result", "value": plain(value)}


def main():
    mlflow.set_tracking_uri(sys.argv[1])  # what some entities ask by themselves
    client, made = MlflowClient(tracking_uri=sys.argv[1]), {}
    for operation in json.load(sys.stdin):
        print(json.dumps(run(client, operation, made), allow_nan=False), flush=True)


main()
