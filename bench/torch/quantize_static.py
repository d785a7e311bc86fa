"""onnxruntime's own quantiser, for bench/quantize.ts: quantize_static after its pre-processing, QDQ, one scale a channel.

    python quantize_static.py CALIBRATION REQUEST

CALIBRATION holds the raw numbers of the input; REQUEST is JSON: source, out, method, isReduced, input, type, shape.
"""

import json
import os
import sys
import tempfile

import numpy as np
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
    quantization.quantize_static(
        prepared,
        request["out"],
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        reduce_range=request["isReduced"],
        activation_type=quantization.QuantType.QInt8,
        weight_type=quantization.QuantType.QInt8,
        calibrate_method=quantization.CalibrationMethod[request["method"]],
    )
