"""Prints every run of one experiment, deleted ones too: id, name, status, times; oldest first."""

import sys

sys.dont_write_bytecode = True
from reader import answer, arguments, every_run, experiment_id


def read(client, args):
    from mlflow.entities import ViewType

    runs = every_run(client, [experiment_id(client, args.experiment_name)], view=ViewType.ALL)
    fields = ("run_id", "run_name", "status", "start_time", "end_time", "lifecycle_stage")
    return [{field: getattr(run.info, field) for field in fields} for run in runs]


answer(read, arguments(__doc__, "experiment_name").parse_args())
