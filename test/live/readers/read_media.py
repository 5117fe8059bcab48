"""Prints a run's images, figure and object as MLflow's own Python client sees them, and a table after adding a row to it."""

import sys

sys.dont_write_bytecode = True
import json

import mlflow
from PIL import Image
from reader import answer, arguments


def read(client, args):
    mlflow.set_tracking_uri(args.tracking_uri)
    run = client.get_run(args.run_id)
    images = {}
    for found in client.list_artifacts(args.run_id, "images"):
        with Image.open(client.download_artifacts(args.run_id, found.path)) as image:
            images[found.path] = [image.format, *image.size, image.mode, list(image.convert("RGBA").getpixel((0, 0)))]
    client.log_table(args.run_id, {"question": ["from Python"], "score": [1.0]}, args.table)
    rows = client.load_table(run.info.experiment_id, args.table, extra_columns=["run_id"])
    root = run.info.artifact_uri
    return {
        "images": images,
        "rows": json.loads(rows.to_json(orient="records")),
        "tags": {key: run.data.tags.get(key) for key in ["mlflow.loggedImages", "mlflow.loggedArtifacts"]},
        "figure": mlflow.artifacts.load_text(f"{root}/plots/figure.html")[:15],
        "svg": mlflow.artifacts.load_text(f"{root}/plots/figure.svg"),
        "picture": list(mlflow.artifacts.load_image(f"{root}/plots/figure.png").size),
        "vega": mlflow.artifacts.load_dict(f"{root}/plots/vega.json"),
        "dict": mlflow.artifacts.load_dict(f"{root}/config.json"),
    }


answer(read, arguments(__doc__, "run_id", "table").parse_args())
