"""Uploads and downloads a folder by MLflow's own repository and prints the seconds of each: artifacts.py ARTIFACT_URI SOURCE TARGET"""

import json
import os
import sys
import time

os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

uri, source, target = sys.argv[1:]
repository = get_artifact_repository(uri)
repository.list_artifacts()  # what the first request loads is not the transfer's
started = time.perf_counter()
repository.log_artifacts(source, "files")
uploaded = time.perf_counter()
repository.download_artifacts("files", target)
print(json.dumps([uploaded - started, time.perf_counter() - uploaded]))
