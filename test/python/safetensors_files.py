"""Safetensors files of Python's own implementation, for test/storage/safetensors*.test.ts.

    python safetensors_files.py write PATH   writes the arrays below (test/fixtures/storage/python.safetensors, 0.8.0)
    python safetensors_files.py read PATH    prints what it reads as JSON: {metadata, arrays: {name: {dtype, shape, bytes}}}
"""

import json
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

ARRAYS = {
    "encoder/conv1/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 8,
    "encoder/conv1/bias": np.array([np.nan, np.inf, -0.0], dtype=np.float32),
    "mean": np.array([1 / 3], dtype=np.float64),
    "step": np.array(2**40 + 1, dtype=np.int64),
    "labels": np.array([-1, 2], dtype=np.int32),
    "pixels": np.arange(3, dtype=np.uint8),
    "half": np.array([1.5, -2], dtype=np.float16),
    "mask": np.array([True, False, True]),
    "empty": np.zeros((0, 4), dtype=np.float32),
    "größe/β": np.array([7], dtype=np.uint16),
}


def read(path: str) -> dict:
    with safe_open(path, framework="numpy") as file:
        arrays = {}
        for name in file.keys():
            array = file.get_tensor(name)
            arrays[name] = {"dtype": str(array.dtype), "shape": list(array.shape), "bytes": array.tobytes().hex()}
        return {"metadata": file.metadata(), "arrays": arrays}


if sys.argv[1] == "write":
    save_file(ARRAYS, sys.argv[2], metadata={"format": "np"})
    print("{}")
else:
    print(json.dumps(read(sys.argv[2])))
