"""Trains a world model in onnxruntime alone: python train.py EXPORT_FOLDER [STEPS] [BATCH].

Needs numpy and onnxruntime. BATCH is the number of sequences of a step, any number; by default that of the run.

The folder is that of `jepa export RUN --training-step`, RUN of `jepa train counting`. The world is another: a dot on a ring.
`jepa export RUN --state trained.npz` makes encoder.onnx and predictor.onnx of what was trained."""

import json
import sys

import numpy
import onnxruntime

folder, steps = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
session = onnxruntime.InferenceSession(f"{folder}/training-step.onnx")
names = [output.name for output in session.get_outputs()]
start = onnxruntime.InferenceSession(f"{folder}/training-start.onnx")
metadata = start.get_modelmeta().custom_metadata_map
about = json.loads(metadata["jepa_onnx.training_step"])
state = dict(zip((output.name for output in start.get_outputs()), start.run(None, {})))
random = numpy.random.default_rng(0)
size = int(sys.argv[3]) if len(sys.argv) > 3 else about["batchSize"]


def draw_batch():
    """Two images of each transition, first all the first ones; the reward is 1 at place 0."""
    places, moves = random.integers(16, size=size), random.integers(2, size=size)
    places = numpy.concatenate([places, (places + 2 * moves - 1) % 16])
    images = numpy.zeros((2 * size, 64, 64, 3), numpy.uint8)
    for image, place in zip(images, places):
        image[28:36, 4 * place : 4 * place + 4] = 255
    actions = numpy.eye(2, dtype=numpy.float32)[moves]
    return {"observations": images, "actions": actions, "targets": numpy.float32(places == 0)[:, None]}


# Adam's corrections follow the number of the step: the moments of the start are those of `stepsDone` steps.
first = about["stepsDone"] + 1
for number in range(first, first + steps):
    scalars = {"rate": numpy.array(1e-3, "float32"), "step": numpy.array(number, "float32")}
    results = dict(zip(names, session.run(None, {**scalars, **state, **draw_batch()})))
    state = {name: results[after] for name, after in about["state"].items()}
    if number == first or number % 20 == 0:
        print(number, *(f"{name} {results[name]:.4f}" for name in about["losses"]))
# For `jepa export RUN --state trained.npz`; the configuration says of which run it is.
numpy.savez("trained.npz", stepsDone=first + steps - 1, configuration=metadata["jepa_onnx.config"], **state)
