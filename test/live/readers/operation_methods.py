"""What this package's client has as methods and MLflow's has elsewhere: the same by MLflow's own functions and objects."""

import mlflow
from mlflow.entities import AssessmentSource, Expectation, Feedback


def source(value):
    return value and AssessmentSource(value["sourceType"], value.get("sourceId", "default"))


def assessment(value):
    known = {"name": value["name"], "value": value["value"], "metadata": value.get("metadata")}
    kind = Feedback if value["kind"] == "feedback" else Expectation
    return kind(source=source(value.get("source")), **known)


def log_feedback(_, trace_id, **options):
    options["source"] = source(options.get("source"))
    return mlflow.log_feedback(trace_id=trace_id, **options)


def log_expectation(_, trace_id, name, value, **options):
    options["source"] = source(options.get("source"))
    return mlflow.log_expectation(trace_id=trace_id, name=name, value=value, **options)


def log_assessment(_, trace_id, value):
    return mlflow.log_assessment(trace_id, assessment(value))


def get_assessment(_, trace_id, assessment_id):
    return mlflow.get_assessment(trace_id, assessment_id)


def update_assessment(_, trace_id, assessment_id, value):
    return mlflow.update_assessment(trace_id, assessment_id, assessment(value))


def delete_assessment(_, trace_id, assessment_id):
    mlflow.delete_assessment(trace_id, assessment_id)


def override_feedback(_, trace_id, assessment_id, value, **options):
    options["source"] = source(options.get("source"))
    return mlflow.override_feedback(trace_id=trace_id, assessment_id=assessment_id, value=value, **options)


def dataset(client, dataset_id):
    return client._tracking_client.store.get_dataset(dataset_id)


def get_dataset_experiment_ids(client, dataset_id):
    return dataset(client, dataset_id).experiment_ids


def merge_dataset_records(client, dataset_id, records):
    from mlflow.entities import EvaluationDataset

    named = [
        {**each, "source": {"source_type": each["source"]["sourceType"], "source_data": each["source"]["sourceData"]}}
        if "source" in each
        else each
        for each in records
    ]
    EvaluationDataset(dataset_id, "name", "digest", 0, 0).merge_records(named)


def get_dataset_records(client, dataset_id):
    return dataset(client, dataset_id).records


def delete_dataset_records(client, dataset_id, record_ids):
    return dataset(client, dataset_id).delete_records(record_ids)


def log_model(client, run_id, name, local_dir, params=None, step=0):
    from mlflow.entities import LoggedModelOutput

    experiment_id = client.get_run(run_id).info.experiment_id
    model = client.create_logged_model(experiment_id, name=name, source_run_id=run_id, params=params)
    client.log_model_artifacts(model.model_id, local_dir)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step)])
    return client.finalize_logged_model(model.model_id, "READY")


def register_model(_, uri, name, **options):
    return mlflow.register_model(uri, name, **options)


def download_model(_, uri, dst_path):
    return mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=dst_path)


def resolve_model_uri(_, uri):
    from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository

    return ModelsArtifactRepository.get_underlying_uri(uri)


def link_prompt_versions_to_trace(client, uris, trace_id):
    client.link_prompt_versions_to_trace([client.load_prompt(uri, cache_ttl_seconds=0) for uri in uris], trace_id)


def parse_prompt_uri(client, uri):
    name, version = client.parse_prompt_uri(uri)
    return {"name": name, "version": version}


OWN = {
    each.__name__: each
    for each in (
        log_feedback,
        log_expectation,
        log_assessment,
        get_assessment,
        update_assessment,
        delete_assessment,
        override_feedback,
        get_dataset_experiment_ids,
        merge_dataset_records,
        get_dataset_records,
        delete_dataset_records,
        log_model,
        register_model,
        download_model,
        resolve_model_uri,
        link_prompt_versions_to_trace,
        parse_prompt_uri,
    )
}


def method_of(client, name):
    """The client's own method, or what stands for it."""
    if name in OWN:
        return lambda *args, **options: OWN[name](client, *args, **options)
    return getattr(client, name)
