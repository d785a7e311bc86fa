"""Trains by training-step.onnx on the batches that bench/training-places.ts gives: train.py ADDRESS OUT."""

import json
import sys
from urllib.request import urlopen

import numpy
import onnxruntime

address, out = sys.argv[1:]


def fetch(name):
    with urlopen(address + name) as response:
        return response.read()


options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
step, start = (
    onnxruntime.InferenceSession(fetch(f"training-{name}.onnx"), options, providers=["CPUExecutionProvider"])
    for name in ("step", "start")
)
about = json.loads(fetch("about.json"))
state = dict(zip((output.name for output in start.get_outputs()), start.run(None, {})))
results = list(about["state"].values())
for number in range(1, about["steps"] + 1):
    fed = {
        name: numpy.frombuffer(fetch(f"{number}/{name}"), of["type"]).reshape(of["shape"])
        for name, of in about["fed"].items()
    }
    after = step.run(results, {**fed, **state, "step": numpy.array(number, "float32")})
    state = dict(zip(about["state"], after))
numpy.savez(out, stepsDone=about["steps"], configuration=json.dumps(about["configuration"]), **state)
print(f"onnxruntime {onnxruntime.__version__}, numpy {numpy.__version__}, Python {sys.version.split()[0]}", file=sys.stderr)
