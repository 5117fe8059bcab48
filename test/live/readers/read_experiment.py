"""Prints every run of one experiment whole, deleted ones too, oldest first, and what each filter finds: one start of Python for many runs."""

import sys

sys.dont_write_bytecode = True
from reader import answer, arguments, every_run, experiment_id
from run_reading import read_run


def read(client, args):
    from mlflow.entities import ViewType

    ids = [experiment_id(client, args.experiment_name)]
    runs = every_run(client, ids, view=ViewType.ALL)
    return {
        "runs": [read_run(client, run.info.run_id, not args.no_artifacts) for run in runs],
        "found": {each: [run.info.run_id for run in every_run(client, ids, each)] for each in args.filter},
    }


parser = arguments(__doc__, "experiment_name")
parser.add_argument("--no-artifacts", action="store_true", help="neither list nor download them")
parser.add_argument("--filter", action="append", default=[], help="in MLflow's search language")
answer(read, parser.parse_args())
