"""onnxruntime's own quantiser, for bench/quantize.ts: quantize_static after its pre-processing, QDQ, one scale a channel.

    python quantize_static.py CALIBRATION REQUEST

CALIBRATION holds the raw numbers of the input; REQUEST is JSON: source, out, method, isReduced, input, type, shape.
A LayerNormalization stays in float32: with one scale a channel, quantize_static of 1.32 ends with an error at the first one.
"""

import json
import os
import sys
import tempfile

import numpy as np
import onnx
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process

request = json.loads(sys.argv[2])
dtype = {"float32": np.float32, "uint8": np.uint8}[request["type"]]
samples = np.fromfile(sys.argv[1], dtype).reshape(request["shape"])


class Reader(quantization.CalibrationDataReader):
    def __init__(self):
        self.batches = iter(np.array_split(samples, max(1, len(samples) // 8)))
        self.batches = iter([each for each in self.batches if len(each) == len(samples) // max(1, len(samples) // 8)])

    def get_next(self):
        batch = next(self.batches, None)
        return None if batch is None else {request["input"]: batch}


with tempfile.TemporaryDirectory() as folder:
    prepared = os.path.join(folder, "prepared.onnx")
    try:
        quant_pre_process(request["source"], prepared)
    except Exception:
        quant_pre_process(request["source"], prepared, skip_symbolic_shape=True)
    normalizations = [n.name for n in onnx.load(prepared).graph.node if n.op_type == "LayerNormalization"]
    quantization.quantize_static(
        prepared,
        request["out"],
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        nodes_to_exclude=normalizations,
        reduce_range=request["isReduced"],
        activation_type=quantization.QuantType.QInt8,
        weight_type=quantization.QuantType.QInt8,
        calibrate_method=quantization.CalibrationMethod[request["method"]],
    )
