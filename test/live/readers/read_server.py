"""Everything that a server holds, as MLflow's own client sees it: one JSON value."""

import tempfile
from concurrent.futures import ThreadPoolExecutor

from reader import answer, arguments, every_run


def pages(search, **options):
    token, found = None, []
    while True:
        page = search(page_token=token, **options)
        found.extend(page)
        token = page.token
        if not token:
            return found


def whole_run(client, run):
    from operation_results import describe

    history = {key: describe(client.get_metric_history(run.info.run_id, key)) for key in run.data.metrics}
    return {**describe(run), "history": history, "files": files_of_run(client, run.info.run_id)}


def picture(path):
    """A small copy is made smaller in two ways, so of it the size alone."""
    from PIL import Image

    with Image.open(path) as image:
        pixels = None if path.endswith(".webp") else list(image.convert("RGBA").tobytes())
        return {"size": list(image.size), "pixels": pixels}


def files_below(folder):
    from operation_results import describe_file, describe_files

    return describe_files(folder, lambda path: picture(path) if path.endswith((".png", ".webp")) else describe_file(path))


def files_of_run(client, run_id):
    if not client.list_artifacts(run_id):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        client.download_artifacts(run_id, "", folder)
        return files_below(folder)


def files_of_model(client, model_id):
    import mlflow

    if not client.list_logged_model_artifacts(model_id):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{model_id}", dst_path=folder)
        return files_below(folder)


def mcp_servers(client):
    from operation_results import describe

    servers = pages(client.search_mcp_servers, order_by=["name ASC"])
    return {
        each.name: {
            "server": describe(each),
            "versions": describe(pages(lambda **by: client.search_mcp_server_versions(each.name, **by))),
        }
        for each in servers
    }


def registry(client):
    from operation_results import describe

    return {
        "models": describe(pages(client.search_registered_models, order_by=["name ASC"])),
        "versions": describe(pages(client.search_model_versions, order_by=["name ASC", "version_number ASC"])),
    }


def logged_models(client, experiments):
    from operation_results import describe

    ids = [each.experiment_id for each in experiments if each.lifecycle_stage == "active"]
    found = pages(lambda **by: client.search_logged_models(ids, max_results=50, **by)) if ids else []
    return {each.model_id: {**describe(each), "files": files_of_model(client, each.model_id)} for each in found}


def traces(client, experiments):
    from operation_results import describe

    ids = [each.experiment_id for each in experiments if each.lifecycle_stage == "active"]
    found = pages(lambda **by: client.search_traces(locations=ids, max_results=500, **by)) if ids else []
    return {each.info.trace_id: describe(each) for each in found}


def datasets(client):
    from operation_results import describe

    def whole(dataset):
        records = [{**describe(each), "datasetRecordId": None} for each in dataset.records]
        return {**describe(dataset), "experimentIds": sorted(dataset.experiment_ids), "records": records}

    return {each.dataset_id: whole(each) for each in pages(client.search_datasets, max_results=50)}


def told(read, *args):
    """What there is, or why there is nothing: a store may have no such thing."""
    from mlflow.exceptions import MlflowException

    try:
        return read(*args)
    except MlflowException as error:
        return error.error_code
    except NotImplementedError:
        return "NOT_IMPLEMENTED"


def workspaces(client):
    from operation_results import describe

    return describe(client.list_workspaces())


def webhooks(client):
    from operation_results import describe

    return sorted(describe(pages(client.list_webhooks)), key=lambda each: each["name"])


def read(client, args):
    import mlflow
    from mlflow.entities import ViewType
    from operation_results import describe

    mlflow.set_tracking_uri(args.tracking_uri)  # a dataset asks for its experiments by itself
    experiments = pages(client.search_experiments, view_type=ViewType.ALL)
    runs = every_run(client, [each.experiment_id for each in experiments], view=ViewType.ALL)
    with ThreadPoolExecutor(4) as pool:
        whole = pool.map(lambda run: whole_run(client, run), runs)
        return {
            "experiments": {each.experiment_id: describe(each) for each in experiments},
            "runs": {each["info"]["runId"]: each for each in whole},
            "loggedModels": logged_models(client, experiments),
            "registry": told(registry, client),
            "traces": told(traces, client, experiments),
            "datasets": told(datasets, client),
            "webhooks": told(webhooks, client),
            "mcpServers": told(mcp_servers, client),
            "workspaces": told(workspaces, client),
        }


answer(read, arguments(__doc__).parse_args())
