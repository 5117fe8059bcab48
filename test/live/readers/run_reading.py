"""One run as MLflow's own Python client sees it."""

import hashlib
import os
import tempfile


def metric_point(metric):
    return {"value": metric.value, "timestamp": metric.timestamp, "step": metric.step}


def dataset_input(each):
    dataset = each.dataset
    fields = ("name", "digest", "source_type", "source", "schema", "profile")
    return {
        "dataset": {field: getattr(dataset, field) for field in fields},
        "tags": {tag.key: tag.value for tag in each.tags},
    }


def model_inputs(run):
    return [each.model_id for each in getattr(run.inputs, "model_inputs", None) or []]


def model_outputs(run):
    outputs = getattr(run, "outputs", None)
    return [{"model_id": each.model_id, "step": each.step} for each in getattr(outputs, "model_outputs", None) or []]


def artifact_files(client, run_id, path=None):
    for each in client.list_artifacts(run_id, path):
        if each.is_dir:
            yield from artifact_files(client, run_id, each.path)
        else:
            yield each


def artifacts(client, run_id):
    """Every file: its size as listed, the size and SHA-256 of what is downloaded, or why MLflow cannot download it."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for each in artifact_files(client, run_id):
            entry = {"path": each.path, "size": each.file_size}
            try:
                local = client.download_artifacts(run_id, each.path, folder)
                with open(local, "rb") as file:
                    content = file.read()
                entry |= {"downloaded_size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                os.remove(local)
            except Exception as error:
                entry["error"] = str(error)
            found.append(entry)
    return sorted(found, key=lambda entry: entry["path"])


def read_run(client, run_id, with_artifacts=True):
    run = client.get_run(run_id)
    info, data = run.info, run.data
    return {
        "info": {
            "run_id": info.run_id,
            "run_name": info.run_name,
            "status": info.status,
            "start_time": info.start_time,
            "end_time": info.end_time,
            "experiment_id": info.experiment_id,
            "experiment_name": client.get_experiment(info.experiment_id).name,
            "artifact_uri": info.artifact_uri,
            "user_id": info.user_id,
            "lifecycle_stage": info.lifecycle_stage,
        },
        "params": data.params,
        "tags": data.tags,
        "metrics": data.metrics,
        "history": {
            key: [metric_point(each) for each in client.get_metric_history(run_id, key)] for key in data.metrics
        },
        "inputs": {
            "dataset_inputs": [dataset_input(each) for each in run.inputs.dataset_inputs],
            "model_inputs": model_inputs(run),
        },
        "outputs": {"model_outputs": model_outputs(run)},
        "artifacts": artifacts(client, run_id) if with_artifacts else None,
    }
