"""Trains the model of keras.test.ts with Keras, logged by MLflow's own autolog into the tracking URI and experiment of the environment."""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
# Its guess at what the model requires starts Python twice more, and is not compared.
os.environ["MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT"] = "1"

import keras
import mlflow
import numpy as np

with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)
x, y = (np.array(given[key], dtype="float32") for key in ("x", "y"))
model = keras.Sequential(
    [keras.Input((2,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)], name="small"
)
model.set_weights([np.array(each, dtype="float32") for each in given["weights"]])
model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mean_squared_error", metrics=["accuracy"])
mlflow.autolog()
model.fit(x, y, epochs=3, batch_size=4, validation_split=0.25, shuffle=False, verbose=0)
