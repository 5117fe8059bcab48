"""Calls methods of MLflow's own Python client one after the other; prints what each answered, or the code and status of its error."""

import json
import sys

sys.dont_write_bytecode = True
from reader import answer, arguments


def shown(value):
    from mlflow.entities._mlflow_object import _MlflowObject
    from mlflow.entities.model_registry import Prompt

    if isinstance(value, (list, tuple)):
        return [shown(each) for each in value]
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items()}
    if isinstance(value, _MlflowObject):
        return {key: shown(each) for key, each in dict(value).items()}
    if isinstance(value, Prompt):
        return {key: getattr(value, key) for key in ("name", "description", "creation_timestamp", "tags")}
    if isinstance(value, set):
        return sorted(value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return [shown(each) for each in value]  # a list of protobuf's


def call(client, args):
    import mlflow
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(args.tracking_uri)  # some methods look there, whatever their client was told
    if args.registry_uri:
        client = MlflowClient(tracking_uri=args.tracking_uri, registry_uri=args.registry_uri)
    answers = []
    for method, given, keywords in json.loads(args.calls):
        try:
            answers.append({"value": shown(getattr(client, method)(*given, **keywords))})
        except MlflowException as error:
            answers.append({"error_code": error.error_code, "status": error.get_http_status_code()})
    return answers


parser = arguments(__doc__, "calls")
parser.add_argument("--registry-uri")
answer(call, parser.parse_args())
