"""Loads one model by several URIs with mlflow.pyfunc and prints what each predicts for the given rows."""

import json
import sys

sys.dont_write_bytecode = True
import mlflow
from reader import answer, arguments


def predict(client, args):
    mlflow.set_tracking_uri(args.tracking_uri)
    return {uri: mlflow.pyfunc.load_model(uri).predict(json.loads(args.rows)) for uri in args.uris.split(" ")}


answer(predict, arguments(__doc__, "rows", "uris").parse_args())
