"""Prints everything that MLflow's own Python client sees of one run."""

import sys

sys.dont_write_bytecode = True
from reader import answer, arguments
from run_reading import read_run

parser = arguments(__doc__, "run_id")
parser.add_argument("--no-artifacts", action="store_true", help="neither list nor download them")
answer(lambda client, args: read_run(client, args.run_id, not args.no_artifacts), parser.parse_args())
