"""Logs a model of python_function as Python does, registers it under a name with an alias, and prints its ids."""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
import mlflow
from reader import answer, arguments

CODE = """
import mlflow

class Double(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * each for each in model_input]

mlflow.models.set_model(Double())
"""


def write(client, args):
    mlflow.set_tracking_uri(args.tracking_uri)
    mlflow.set_experiment("models of Python")
    with tempfile.TemporaryDirectory() as folder:
        code = os.path.join(folder, "double.py")
        with open(code, "w", encoding="utf-8") as file:
            file.write(CODE)
        with mlflow.start_run() as run:
            info = mlflow.pyfunc.log_model(name="double", python_model=code, pip_requirements=[])
    version = mlflow.register_model(f"runs:/{run.info.run_id}/double", args.name)
    client.set_registered_model_alias(args.name, "champion", version.version)
    return {"run_id": run.info.run_id, "model_id": info.model_id, "version": version.version}


answer(write, arguments(__doc__, "name").parse_args())
