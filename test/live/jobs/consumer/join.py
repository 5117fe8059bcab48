"""Joins the run that the environment names, as any Python script would."""

import mlflow

with mlflow.start_run():
    mlflow.log_metric("from_python", 1.0, step=1)
