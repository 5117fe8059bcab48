"""MLflow's entities as plain values with this package's names: camelCase, and times that end in Ms."""

import base64
import enum
import hashlib
import json
import os
import re

import yaml
from trace_results import BY_KIND

# Integers beyond are texts that end in n.
MAX_SAFE_INTEGER = 2**53 - 1

# Where the package has another word than Python's property.
RENAMED = {
    "EvaluationDataset": {"created_time": "creationTimeMs", "last_update_time": "lastUpdateTimeMs"},
    "LoggedModel": {"artifact_location": "artifactUri"},
    "WebhookTestResult": {"success": "isSuccess"},
}

# What the package has no word for, since it says nothing new.
LEFT_OUT = {
    "EvaluationDataset": {"digest", "experiment_ids", "records", "source", "version", "workspace"},
    "Experiment": {"workspace"},
    "LoggedModel": {"status_message", "model_uri"},
    "Metric": {"run_id"},
    "ModelVersion": {"model_id", "params", "metrics", "deployment_job_state", "workspace"},
    "PromptVersion": {"description", "is_text_prompt", "uri", "variables"},
    "RegisteredModel": {"deployment_job_id", "deployment_job_state", "workspace"},
    "RunInfo": {"run_uuid"},
    "Webhook": {"secret", "workspace"},
}


def name_of(kind, name):
    renamed = RENAMED.get(kind, {}).get(name)
    if renamed:
        return renamed
    is_time = re.search(r"(_time|_timestamp)$|^timestamp$", name) and kind != "Param"
    name = re.sub(r"_timestamp$", "_time", name).replace("last_updated_time", "last_update_time")
    name += "_ms" if is_time else ""
    return re.sub(r"_([a-z0-9])", lambda found: found.group(1).upper(), name)


def fields_of(value):
    kind = type(value).__name__
    names = [name for name in dir(type(value)) if isinstance(getattr(type(value), name), property)]
    if kind == "EvaluationDataset":  # has them as they come
        names += list(vars(value))
    names += list(getattr(value, "__dataclass_fields__", {}))
    left_out = LEFT_OUT.get(kind, set())
    return [name for name in names if not name.startswith("_") and name not in left_out]


def describe(value):
    value = getattr(value, "_mlflow_dataset", None) or value  # datasets come wrapped
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        return f"{value}n"
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, dict):
        return {str(key): describe(each) for key, each in value.items()}
    kind = type(value).__name__
    if isinstance(value, (list, tuple)) or kind == "RepeatedScalarContainer":
        return [describe(each) for each in value]
    if kind == "DataFrame":
        return json.loads(value.to_json(orient="records"))
    if kind in BY_KIND:
        return BY_KIND[kind](value, describe)
    if kind == "WebhookEvent":
        return f"{value.entity.value}.{value.action.value}".lower()
    found = {name_of(kind, name): describe(getattr(value, name)) for name in fields_of(value)}
    if kind == "LoggedModel":  # its points say which run measured it, and not of which model they are
        points = [{**describe(point), "runId": point.run_id, "modelId": None} for point in value.metrics or []]
        found["metrics"] = sorted(points, key=lambda point: (point["key"], point["timestampMs"]))
        found["status"] = "UPLOAD_FAILED" if found["status"] == "FAILED" else found["status"]
    return found


def describe_file(path):
    """What JSON or YAML says, else the bytes' SHA-256; of pictures, which are not packed alike, nothing."""
    if path.endswith((".png", ".webp")):
        return "picture"
    with open(path, "rb") as file:
        content = file.read()
    if path.endswith(".json"):
        return json.loads(content)
    if path.endswith((".yaml", ".yml")):
        return yaml.safe_load(content)
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def describe_files(folder, describe_one=describe_file):
    """What Python writes beside a registered model's files when it downloads them is no file of the model."""
    found = sorted(os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return {
        os.path.relpath(path, folder): describe_one(path)
        for path in found
        if os.path.basename(path) != "registered_model_meta"
    }
