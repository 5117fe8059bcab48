"""Prints the traces that MLflow shows with a run: id, name, state, and the tree of spans, by the name of each."""

import sys

sys.dont_write_bytecode = True
from reader import answer, arguments


def read(client, args):
    run = client.get_run(args.run_id)
    traces = client.search_traces(
        locations=[run.info.experiment_id], filter_string=f"attributes.run_id = '{args.run_id}'"
    )
    return [describe(trace) for trace in traces]


def describe(trace):
    spans = trace.data.spans
    names = {span.span_id: span.name for span in spans}
    return {
        "traceId": trace.info.trace_id,
        "name": trace.info.tags.get("mlflow.traceName"),
        "state": str(trace.info.state.value),
        "spans": sorted([span.name, names.get(span.parent_id), str(span.status.status_code.value)] for span in spans),
    }


answer(read, arguments(__doc__, "run_id").parse_args())
