"""Prints what a store holds, as MLflow's own Python client sees it: experiments, runs whole, models, traces, and of the registry what
begins with a prefix, nothing without one."""

import hashlib
import os
import sys
import tempfile

sys.dont_write_bytecode = True
from reader import answer, arguments, every_run
from run_reading import read_run


def read_model(client, model):
    with tempfile.TemporaryDirectory() as folder:
        import mlflow

        local = mlflow.artifacts.download_artifacts(
            artifact_uri=f"models:/{model.model_id}", dst_path=folder, tracking_uri=client.tracking_uri
        )
        files = {}
        for root, _, names in os.walk(local):
            for name in names:
                with open(os.path.join(root, name), "rb") as file:
                    path = os.path.relpath(os.path.join(root, name), local)
                    files[path] = hashlib.sha256(file.read()).hexdigest()
    metrics = sorted(
        [each.key, each.step, each.value, each.timestamp, each.run_id, each.dataset_name, each.dataset_digest]
        for each in model.metrics or []
    )
    return {
        "model_id": model.model_id,
        "name": model.name,
        "status": str(model.status),
        "model_type": model.model_type,
        "source_run_id": model.source_run_id,
        "params": model.params,
        "tags": model.tags,
        "metrics": metrics,
        "files": files,
    }


def read_version(client, name, version):
    each = client.get_model_version(name, version)
    return {
        "version": str(each.version),
        "description": each.description or None,
        "stage": each.current_stage,
        "run_id": each.run_id or None,  # a folder alone keeps a version's model_id
        "tags": each.tags,
        "aliases": sorted(each.aliases),
    }


def read_registry(client, prefix):
    found = {}
    for model in client.search_registered_models(f"name LIKE '{prefix}%'"):
        whole = client.get_registered_model(model.name)
        versions = client.search_model_versions(f"name = '{model.name}'")
        found[model.name] = {
            "description": whole.description or None,
            "tags": whole.tags,
            "aliases": {alias: str(version) for alias, version in whole.aliases.items()},
            "versions": sorted(
                (read_version(client, model.name, each.version) for each in versions), key=lambda each: each["version"]
            ),
        }
    return found


def read_prompts(client, prefix):
    found = {}
    experiments = {each.experiment_id: each.name for each in client.search_experiments()}
    for prompt in client.search_prompts():
        if not prompt.name.startswith(prefix.replace(" ", "-")):
            continue
        tags = dict(prompt.tags)
        listed = tags.pop("_mlflow_experiment_ids", "").split(",")
        versions = client.search_prompt_versions(prompt.name)
        found[prompt.name] = {
            "tags": tags,
            "experiments": sorted(experiments[each] for each in listed if each),
            "description": prompt.description or None,
            "prod": client.get_prompt_version_by_alias(prompt.name, "prod").version,
            "versions": [
                {"version": each.version, "template": each.template, "message": each.commit_message or None, "tags": each.tags}
                for each in sorted(versions, key=lambda each: each.version)
            ],
        }
    return found


def read_trace(trace):
    found = trace.to_dict()
    # SQLite says it of each, a server of feedback alone
    for each in found["info"].get("assessments", []):
        if "expectation" in each:
            each.pop("valid", None)
    return found


def read_traces(client, ids, runs):
    linked = {}
    for run in runs:
        found = client.search_traces(locations=ids, filter_string=f"attributes.run_id = '{run.info.run_id}'", include_spans=False)
        linked |= {run.info.run_id: sorted(trace.info.trace_id for trace in found)} if found else {}
    traces = [read_trace(trace) for trace in client.search_traces(locations=ids)]
    return {"traces": sorted(traces, key=lambda each: each["info"]["trace_id"]), "linked": linked}


def read(client, args):
    import mlflow

    mlflow.set_tracking_uri(args.tracking_uri)
    found = {"experiments": {}, "registry": {}, "prompts": {}}
    if args.prefix:
        found |= {"registry": read_registry(client, args.prefix), "prompts": read_prompts(client, args.prefix)}
    for experiment in client.search_experiments():
        ids = [experiment.experiment_id]
        listed = every_run(client, ids)
        runs = [read_run(client, run.info.run_id) for run in listed]
        models = [read_model(client, model) for model in client.search_logged_models(ids)]
        found["experiments"][experiment.name] = {"tags": experiment.tags, "runs": runs, "models": models} | read_traces(client, ids, listed)
    return found


answer(read, arguments(__doc__, "prefix").parse_args())
