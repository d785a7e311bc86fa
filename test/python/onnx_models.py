"""Python's onnx and onnxruntime on exported files, for test/export/python.slow.test.ts.

    python onnx_models.py FOLDER

Every FOLDER/*/model.onnx is checked with onnx.checker (full_check) and strict shape inference with data propagation, written
again and compared byte for byte, opened in onnxruntime, and run on each test_data_set_*. Prints a JSON object: the number of
models, and the faults found, one text each.
"""

import glob
import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

onnxruntime.set_default_logger_severity(4)


def faults_of(folder):
    path = os.path.join(folder, "model.onnx")
    with open(path, "rb") as file:
        content = file.read()
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    if model.SerializeToString(deterministic=True) != content:
        yield "written again, its bytes differ"
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for data_set in sorted(glob.glob(os.path.join(folder, "test_data_set_*"))):
        inputs = [tensor(data_set, "input", i) for i in range(len(session.get_inputs()))]
        feeds = {each.name: value for each, value in zip(session.get_inputs(), inputs)}
        for i, actual in enumerate(session.run(None, feeds)):
            expected = tensor(data_set, "output", i)
            if actual.shape != expected.shape:
                yield f"output {i} has shape {actual.shape} instead of {expected.shape}"
            elif not np.allclose(actual, expected, rtol=1e-4, atol=1e-5):
                yield f"output {i} is off by {np.abs(actual - expected).max()}"


def tensor(data_set, kind, index):
    with open(os.path.join(data_set, f"{kind}_{index}.pb"), "rb") as file:
        return numpy_helper.to_array(onnx.load_tensor_from_string(file.read()))


def main(root):
    folders = sorted(os.path.dirname(path) for path in glob.glob(os.path.join(root, "*", "model.onnx")))
    faults = []
    for folder in folders:
        try:
            faults += [f"{os.path.basename(folder)}: {fault}" for fault in faults_of(folder)]
        except Exception as error:  # every fault is reported, whatever its kind
            faults.append(f"{os.path.basename(folder)}: {type(error).__name__}: {str(error)[:300]}")
    print(json.dumps({"models": len(folders), "faults": faults, "onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__}))


main(sys.argv[1])
