"""Runs a script of operations by MLflow's own client: the script on stdin, one outcome a line on stdout."""

import contextlib
import json
import os
import re
import sys
import tempfile

os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"  # a 500 is an answer to compare, not to wait out
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"

from reader import plain  # noqa: E402 (it sets variables that mlflow reads when it is imported)
from operation_arguments import adapt  # noqa: E402
from operation_methods import method_of  # noqa: E402
from operation_results import describe, describe_files  # noqa: E402

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402


def snake(name):
    name = re.sub(r"Ms$", "", name)
    return re.sub(r"[A-Z]", lambda found: "_" + found.group().lower(), name)


def never_made(ref):
    return "never-made-" + re.sub(r"\W", "-", ref)


def resolve(value, made):
    if isinstance(value, str):
        if re.fullmatch(r"\d+n", value):
            return int(value[:-1])
        return re.sub(r"<([a-z ]+:\d+)>", lambda found: made.get(found.group(1), never_made(found.group(1))), value)
    if isinstance(value, list):
        return [resolve(each, made) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("ref"), str):
        return made.get(value["ref"], never_made(value["ref"]))
    return {key: resolve(each, made) for key, each in value.items()}


def part_at(value, path):
    for step in path.split(".") if path else []:
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def all_pages(method, args, options, pages):
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


def take(method, args, options, how, downloads):
    if how in ("firstPage", "all"):
        return all_pages(method, args, options, how)
    if how == "files":
        folder = tempfile.mkdtemp(dir=downloads, prefix="python-")
        method(*args, **options, dst_path=folder)
        return describe_files(folder)
    value = method(*args, **options)
    if how == "nothing":
        return None
    if how == "span":
        return {"traceId": value.trace_id, "spanId": value.span_id, "parentId": value.parent_id, "name": value.name}
    return describe(value)


def run(client, operation, made, downloads):
    name = snake(operation["method"])
    args = resolve(operation["args"], made)
    options = {snake(key): value for key, value in resolve(operation.get("options", {}), made).items()}
    try:
        with contextlib.redirect_stdout(sys.stderr):
            args, options = adapt(name, args, options)
            value = take(method_of(client, name), args, options, operation.get("take"), downloads)
    except MlflowException as error:
        return {
            "kind": "error",
            "code": error.error_code,
            "status": error.get_http_status_code(),
            "message": str(error)[:500],
        }
    except Exception as error:
        return {"kind": "error", "code": type(error).__name__, "status": 0, "message": str(error)[:500]}
    names = dict(operation.get("also", {}))
    if "as" in operation:
        names[operation["as"]] = operation.get("at")
    for called, path in names.items():
        part = part_at(value, path)
        if part is not None:
            made[called] = part
    return {"kind": "result", "value": plain(value)}


def main():
    mlflow.set_tracking_uri(sys.argv[1])  # what some entities ask by themselves
    given = json.load(sys.stdin)
    client, made = MlflowClient(tracking_uri=sys.argv[1]), dict(given["made"])
    for operation in given["script"]:
        print(json.dumps(run(client, operation, made, given["downloads"]), allow_nan=False), flush=True)


main()
