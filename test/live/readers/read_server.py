"""Everything that a server holds, as MLflow's own client sees it: one JSON value."""

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
    return {**describe(run), "history": history}


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
    return {each.model_id: describe(each) for each in found}


def datasets(client):
    from operation_results import describe

    found = pages(client.search_datasets, max_results=50)
    return {each.dataset_id: {**describe(each), "experimentIds": sorted(each.experiment_ids)} for each in found}


def workspaces(client):
    from mlflow.exceptions import MlflowException
    from operation_results import describe

    try:
        return describe(client.list_workspaces())
    except MlflowException as error:  # the server, or the file, has none
        return error.error_code


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
            "registry": registry(client),
            "datasets": datasets(client),
            "webhooks": sorted(describe(pages(client.list_webhooks)), key=lambda each: each["name"]),
            "mcpServers": mcp_servers(client),
            "workspaces": workspaces(client),
        }


answer(read, arguments(__doc__).parse_args())
