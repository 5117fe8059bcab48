"""Writes one run with MLflow's own Python client, every kind of record in it, and prints its id."""

import sys

sys.dont_write_bytecode = True
from reader import answer, arguments

TIME = 1_700_000_000_000


def dataset_input():
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(name="rows", digest="abc123", source_type="local", source='{"uri": "rows.csv"}', schema="{}")
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def write(client, args):
    from mlflow.entities import Metric, Param, RunTag

    experiment = client.get_experiment_by_name(args.experiment_name)
    experiment_id = experiment.experiment_id if experiment else client.create_experiment(args.experiment_name)
    run = client.create_run(experiment_id, start_time=TIME, run_name="Zürich 🚂", tags={"mlflow.user": "ada"})
    values = [0.5, float("nan"), float("inf"), float("-inf"), 5e-324, 0.1 + 0.2]
    metrics = [Metric("loss/é", value, TIME + index, index - 2) for index, value in enumerate(values)]
    run_id = run.info.run_id
    client.log_batch(run_id, metrics, [Param("größe", "日本"), Param("empty", "")], [RunTag("stage", "dév")])
    client.log_metric(run_id, "nan", float("nan"), TIME, 0)
    client.log_inputs(run_id, [dataset_input()])
    client.set_terminated(run_id, "FAILED", TIME + 60_000)
    return run_id


answer(write, arguments(__doc__, "experiment_name").parse_args())
