"""Prints what MLflow's own Python client sees of one logged model, and of its example."""

import sys

sys.dont_write_bytecode = True
import mlflow
from mlflow.models import Model, get_model_info
from reader import answer, arguments


def read_model(client, model_id):
    uri = f"models:/{model_id}"
    logged = client.get_logged_model(model_id)
    info = get_model_info(uri)
    folder = mlflow.artifacts.download_artifacts(uri)
    model = Model.load(folder)
    example = model.load_input_example(folder) if model.saved_input_example_info else None
    return {
        "status": str(logged.status),
        "name": logged.name,
        "source_run_id": logged.source_run_id,
        "params": logged.params,
        "metrics": sorted([m.key, m.step, m.value, m.run_id] for m in logged.metrics),
        "info": {
            "model_id": info.model_id,
            "run_id": info.run_id,
            "flavors": info.flavors,
            "signature": info.signature.to_dict() if info.signature else None,
            "mlflow_version": info.mlflow_version,
        },
        "example": None if example is None else {"dtype": str(example.dtype), "values": example.tolist()},
    }


parser = arguments(__doc__, "model_id")


def read(client, args):
    mlflow.set_tracking_uri(args.tracking_uri)
    return read_model(client, args.model_id)


answer(read, parser.parse_args())
