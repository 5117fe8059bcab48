"""Logs metrics by MLflow's own client: python-client.py TRACKING_URI. Reads lines `MODE COUNT RUNS`, answers `done`, the seconds that the
calls took, and those until all of it was delivered. Several runs are logged to at once, each by a thread of its own."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from mlflow import MlflowClient
from mlflow.entities import Metric

BATCH = 1000
client = MlflowClient(tracking_uri=sys.argv[1])
experiment = client.create_experiment("python")
runs = []
steps = {}


def take_steps(run, count):
    first = steps.get(run, 0)
    steps[run] = first + count
    return range(first, first + count)


def log_batches(run, count):
    for _ in range(count // BATCH):
        now = int(time.time() * 1000)
        client.log_batch(run, metrics=[Metric("loss", 0.5, now, step) for step in take_steps(run, BATCH)])


def log_each(run, count):
    for step in take_steps(run, count):
        client.log_metric(run, "loss", 0.5, step=step)


def log_async(run, count):
    return [client.log_metric(run, "loss", 0.5, step=step, synchronous=False) for step in take_steps(run, count)]


modes = {"batch": log_batches, "each": log_each, "async": log_async}
print("ready", flush=True)
for line in sys.stdin:
    mode, count, at_once = line.split()
    while len(runs) < int(at_once):
        runs.append(client.create_run(experiment).info.run_id)
    chosen = runs[: int(at_once)]
    started = time.perf_counter()
    with ThreadPoolExecutor(len(chosen)) as pool:
        pending = list(pool.map(lambda run: modes[mode](run, int(count) // len(chosen)), chosen))
    called = time.perf_counter()
    for operation in [one for some in pending for one in some or []]:
        operation.wait()
    print("done", called - started, time.perf_counter() - started, flush=True)
