"""What MLflow's own client wants as its own entities, from the plain values of an operation."""

import io
import re

from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
    ViewType,
)
from mlflow.entities.mcp_server import MCPTool
from mlflow.entities.mcp_server_version import ConnectOptionSettings
from mlflow.entities.workspace import TraceArchivalConfig


def metrics(values):
    return [
        Metric(
            each["key"],
            each["value"],
            each["timestampMs"],
            each["step"],
            model_id=each.get("modelId"),
            dataset_name=each.get("datasetName"),
            dataset_digest=each.get("datasetDigest"),
        )
        for each in values
    ]


def dataset_inputs(values):
    return [
        DatasetInput(
            Dataset(
                each["dataset"]["name"],
                each["dataset"]["digest"],
                each["dataset"]["sourceType"],
                each["dataset"]["source"],
                each["dataset"].get("schema"),
                each["dataset"].get("profile"),
            ),
            [InputTag(tag["key"], tag["value"]) for tag in each["tags"]],
        )
        for each in values
    ]


def view_type(value):
    return ViewType.from_string(value.lower())


def tools(values):
    return values and [MCPTool.from_dict(each) for each in values]


def connect_options(values):
    return {name: ConnectOptionSettings(**each) for name, each in values.items()}


def model_outputs(values):
    return [LoggedModelOutput(each["modelId"], each["step"]) for each in values]


def snake_keys(values):
    return [{re.sub(r"[A-Z]", lambda found: "_" + found.group().lower(), key): each[key] for key in each} for each in values]


def trace_archival_config(value):
    return TraceArchivalConfig(value.get("location"), value.get("retention"))


def image(value):
    import numpy

    shape = (value["height"], value["width"], value["channels"])
    is_fraction = any(isinstance(each, float) for each in value["data"])
    return numpy.array(value["data"], dtype="float64" if is_fraction else "uint8").reshape(shape)


def figure(text):
    """A figure of matplotlib whose picture is known."""
    from matplotlib.figure import Figure

    class Drawn(Figure):
        def savefig(self, path, **_):
            with open(path, "w") as file:
                file.write(text)

    return Drawn()


def stream(text):
    return io.BytesIO(text.encode())


# By method, then by option.
OPTIONS = {
    "log_batch": {
        "metrics": metrics,
        "params": lambda values: [Param(each["key"], each["value"]) for each in values],
        "tags": lambda values: [RunTag(each["key"], each["value"]) for each in values],
    },
    "log_inputs": {
        "models": lambda values: [LoggedModelInput(each["modelId"]) for each in values],
    },
    "create_mcp_server_version": {"tools": tools, "connect_options": connect_options},
    "update_mcp_server_version": {"tools": tools, "connect_options": connect_options},
    "create_workspace": {"trace_archival_config": trace_archival_config},
    "update_workspace": {"trace_archival_config": trace_archival_config},
    "search_logged_models": {"order_by": snake_keys, "datasets": snake_keys},
    "search_experiments": {"view_type": view_type},
    "search_runs": {"run_view_type": view_type},
}

# By method, then by place.
ARGS = {
    "log_figure": {1: figure},
    "log_image": {1: image},
    "log_inputs": {1: dataset_inputs},
    "log_outputs": {1: model_outputs},
    "log_stream": {1: stream},
}


def adapt(name, args, options):
    if name == "load_prompt":  # Python keeps what it read; here each is asked for
        options = {**options, "cache_ttl_seconds": 0}
    by_option, by_place = OPTIONS.get(name, {}), ARGS.get(name, {})
    args = [by_place[place](arg) if place in by_place else arg for place, arg in enumerate(args)]
    options = {key: by_option[key](value) if key in by_option else value for key, value in options.items()}
    return args, options
