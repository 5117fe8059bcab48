"""Prints the ids of the runs that a filter of MLflow's search language finds in one experiment, oldest first."""

import sys

sys.dont_write_bytecode = True
from reader import answer, arguments, every_run, experiment_id


def read(client, args):
    runs = every_run(client, [experiment_id(client, args.experiment_name)], args.filter)
    return [run.info.run_id for run in runs]


answer(read, arguments(__doc__, "experiment_name", "filter").parse_args())
