"""Uploads a folder by MLflow's own repository and downloads it, or uploads it once for each line of stdin where no target is named; prints
the seconds and CPU seconds of each: artifacts.py ARTIFACT_URI SOURCE [TARGET]"""

import json
import os
import sys
import time

os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

uri, source, *targets = sys.argv[1:]
repository = get_artifact_repository(uri)
repository.list_artifacts()  # what the first request loads is not the transfer's


def timed(work, *arguments):
    started, cpu = time.perf_counter(), time.process_time()
    work(*arguments)
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}


def upload():
    return timed(repository.log_artifacts, source, "files")


if targets:
    print(json.dumps([upload(), timed(repository.download_artifacts, "files", targets[0])]))
else:
    for _ in sys.stdin:
        print(json.dumps(upload()), flush=True)
