"""What the readers share: MLflow's own Python client, and one JSON value on stdout."""

import argparse
import contextlib
import json
import math
import os
import sys

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"  # ./mlruns is refused without it since MLflow 3.7
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")


def arguments(description, *names):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("tracking_uri", help="http(s)://…, sqlite:///…, or a folder of runs")
    for name in names:
        parser.add_argument(name)
    return parser


def plain(value):
    """JSON has no NaN and no infinities: they become the strings that MLflow itself writes."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value


def answer(read, args):
    """Prints what `read(client, args)` returns as one line of JSON; says in one line why it cannot, and exits with 1."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # a migration or a download may print
            from mlflow import MlflowClient

            value = plain(read(MlflowClient(tracking_uri=args.tracking_uri), args))
    except Exception as error:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {type(error).__name__}: {error}")
    print(json.dumps(value, sort_keys=True, allow_nan=False))


def experiment_id(client, name):
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        raise LookupError(f"No experiment '{name}'. There are: {[each.name for each in client.search_experiments()]}")
    return experiment.experiment_id


def every_run(client, ids, filter_string="", view=None):
    """All pages, deleted runs too if asked for, oldest first."""
    from mlflow.entities import ViewType

    token, runs = None, []
    while True:
        page = client.search_runs(
            ids,
            filter_string=filter_string,
            run_view_type=ViewType.ACTIVE_ONLY if view is None else view,
            order_by=["attributes.start_time ASC"],
            page_token=token,
        )
        runs.extend(page)
        token = page.token
        if not token:
            return runs
