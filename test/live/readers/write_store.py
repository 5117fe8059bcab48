"""Fills a store with MLflow's own Python client: nested runs, every kind of record, models, and a registry where there is one."""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
from reader import answer, arguments

TIME = 1_700_000_000_000


def dataset(name):
    from mlflow.entities import Dataset, DatasetInput, InputTag

    given = Dataset(name=name, digest="abc123", source_type="local", source='{"uri": "rows.csv"}', schema="{}", profile='{"num_rows": 7}')
    return DatasetInput(given, [InputTag("mlflow.data.context", "training")])


def points(key, count):
    from mlflow.entities import Metric

    return [Metric(key, 1 / (step + 1), TIME + step, step) for step in range(count)]


def write_run(client, experiment_id, name, parent=None, status="FINISHED"):
    from mlflow.entities import Metric, Param, RunTag

    tags = {"mlflow.user": "ada", **({"mlflow.parentRunId": parent} if parent else {})}
    run_id = client.create_run(experiment_id, start_time=TIME, run_name=name, tags=tags).info.run_id
    odd = [0.5, float("nan"), float("inf"), float("-inf"), 5e-324, 0.1 + 0.2]
    metrics = [Metric("odd/é", value, TIME + at, at - 2) for at, value in enumerate(odd)]
    client.log_batch(run_id, metrics, [Param("größe", "日本"), Param("empty", ""), Param("long", "x" * 6000)], [RunTag("stage", "dév")])
    for start in range(0, 2500, 1000):
        client.log_batch(run_id, points("loss", 2500)[start : start + 1000])
    client.log_inputs(run_id, [dataset("rows"), dataset("more rows")])
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "deep", "er"))
        for path, content in (("ü 日本.txt", b"text"), ("deep/er/bytes.bin", bytes(range(256)) * 400), ("empty.txt", b"")):
            with open(os.path.join(folder, path), "wb") as file:
                file.write(content)
        client.log_artifacts(run_id, folder)
    if status != "RUNNING":
        client.set_terminated(run_id, status, TIME + 60_000)
    return run_id


def write_model(client, experiment_id, run_id, name):
    from mlflow.entities import LoggedModelOutput

    model = client.create_logged_model(
        experiment_id, name=name, source_run_id=run_id, tags={"kind": "kept"}, params={"depth": "3"}, model_type="tree"
    )
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "weights.bin"), "wb") as file:
            file.write(name.encode())
        client.log_model_artifacts(model.model_id, folder)
    # Python reads the step of such a point as 0 from a folder, whatever it wrote there.
    step = 1 if client.tracking_uri.startswith("sqlite") else 0
    client.log_metric(run_id, "auc", 0.9, TIME, step, model_id=model.model_id, dataset_name="rows", dataset_digest="abc123")
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 4)])
    return model.model_id


def write_registry(client, run_id, model_id, prefix):
    name = f"{prefix} churn"
    client.create_registered_model(name, tags={"a": "1"}, description="who leaves")
    uri = client.get_logged_model(model_id).artifact_location
    for at in (1, 2, 3):
        client.create_model_version(name, uri, run_id, tags={"at": str(at)}, description=f"number {at}", model_id=model_id)
    client.delete_model_version(name, "2")
    client.set_registered_model_alias(name, "best", "3")
    client.transition_model_version_stage(name, "1", "Staging")
    prompt = name.replace(" ", "-")
    client.register_prompt(prompt, "Hello {{name}}", tags={"team": "ads"})
    chat = [{"role": "user", "content": "Grüß {{name}}"}]
    client.register_prompt(prompt, chat, commit_message="as a chat")
    client.set_prompt_alias(prompt, "prod", 1)


def write_traces(client, experiment_id, run_id):
    """A trace of a run, one that is linked to it, one that failed; and what people and programs thought of them."""
    import mlflow
    from mlflow.entities import AssessmentSource, Link

    mlflow.set_tracking_uri(client.tracking_uri)
    mlflow.set_experiment(experiment_id=experiment_id)
    odd = {"whole": 2.0, "big": 2**60, "list": [1.5, None, True, "1"], "ü": "日本", "deep": {"a": [{}]}}

    def trace(name, tags, fails=False):
        with mlflow.start_span(name, attributes={"json": '{"a": 1}', "count": 3, "share": 0.1, "on": True}) as root:
            mlflow.update_current_trace(tags=tags, metadata={"mlflow.trace.session": "s-1", "long": "x" * 249}, client_request_id=f"c-{name}")
            root.set_inputs(odd)
            with mlflow.start_span("call", span_type="LLM") as span:
                span.set_attributes({"mlflow.chat.tokenUsage": {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12}})
                span.set_outputs("2")
                if fails:
                    raise ValueError("größe")
            root.set_outputs([odd])
        return root.trace_id

    with mlflow.start_run(run_id=run_id):
        of_run = trace("Frage 日本", {"k": "v ü"})
    alone = trace("alone", {})
    try:
        trace("fails", {}, fails=True)
    except ValueError:
        pass
    mlflow.flush_trace_async_logging()
    client.set_terminated(run_id, "FINISHED", TIME + 60_000)  # a resumed run ends anew
    ada = AssessmentSource(source_type="HUMAN", source_id="ada")
    first = mlflow.log_feedback(trace_id=of_run, name="good", value=0.5, rationale="wegen 日本", source=ada, metadata={"a": "b"})
    mlflow.override_feedback(trace_id=of_run, assessment_id=first.assessment_id, value={"x": [1, 2]})
    mlflow.log_expectation(trace_id=of_run, name="wanted", value=[{"n": 1}], source=ada)
    mlflow.log_feedback(trace_id=alone, name="broken", error=ValueError("no"))
    if client.tracking_uri.startswith("sqlite"):
        client.link_traces_to_run([alone], run_id)


def write(client, args):
    from mlflow.entities import LoggedModelInput

    first = client.create_experiment(f"{args.prefix} first", tags={"team": "ads"})
    second = client.create_experiment(f"{args.prefix} second")
    parent = write_run(client, first, "parent")
    child = write_run(client, first, "child", parent, "FAILED")
    write_run(client, second, "open", status="RUNNING")
    gone = write_run(client, second, "gone")
    client.delete_run(gone)
    model_id = write_model(client, first, parent, "tree")
    write_traces(client, first, parent)
    evaluation = write_run(client, second, "evaluation", child, "KILLED")
    client.log_inputs(evaluation, models=[LoggedModelInput(model_id)])
    write_registry(client, parent, model_id, args.prefix)
    return {"parent": parent, "child": child}


answer(write, arguments(__doc__, "prefix").parse_args())
