"""Evaluates expressions with MLflow's own client at hand: [name, expression] pairs on stdin, what came of each on stdout.

An expression sees `client`, `mlflow`, `given` (the values that came along), `entities`, and what the ones before it are named."""

import contextlib
import enum
import json
import os
import sys

sys.dont_write_bytecode = True
from reader import plain

os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"  # a 500 is an answer to compare, not to wait out
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"

MAX_SAFE_INTEGER = 2**53 - 1


def describe(value):
    if isinstance(value, enum.Enum):
        return describe(value.value)
    if isinstance(value, bool) or value is None or isinstance(value, (str, float)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_SAFE_INTEGER else f"{value}n"  # JavaScript's numbers end there
    if isinstance(value, dict):
        return {str(key): describe(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [describe(each) for each in value]
    names = [name for name in dir(type(value)) if isinstance(getattr(type(value), name), property)]
    names += list(getattr(value, "__dataclass_fields__", {}))
    return {name: describe(getattr(value, name)) for name in names if not name.startswith("_")}


def outcome(expression, scope):
    from mlflow.exceptions import MlflowException

    try:
        with contextlib.redirect_stdout(sys.stderr):
            value = eval(expression, scope)
        return value, {"value": plain(describe(value))}
    except MlflowException as error:
        said = {"errorCode": error.error_code, "status": error.get_http_status_code(), "message": str(error)[:500]}
        return None, said
    except Exception as error:
        return None, {"errorCode": type(error).__name__, "status": 0, "message": str(error)[:500]}


def main():
    asked = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        import mlflow
        from mlflow import entities

        mlflow.set_tracking_uri(sys.argv[1])
        scope = {"mlflow": mlflow, "entities": entities, "client": mlflow.MlflowClient(), "given": asked["given"]}
    said = {}
    for name, expression in asked["expressions"]:
        scope[name], said[name] = outcome(expression, scope)
    print(json.dumps(said, allow_nan=False))


main()
