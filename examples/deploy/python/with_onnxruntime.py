"""The exported world model in onnxruntime: encode observations, predict two actions ahead."""

import json
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

from protocol import Refusal, main, require_type

NUMPY_TYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}


class Model:
    def __init__(self, path, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # The first run is profiled: the profile names the provider of every node that ran.
        options.enable_profiling = True
        self.folder = tempfile.TemporaryDirectory()
        options.profile_file_prefix = str(Path(self.folder.name) / "profile")
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise Refusal(path, "a model that onnxruntime loads", f"this: {error}", "Export it again.") from error
        self.threads = threads
        self.providers = None
        inputs = self.session.get_inputs()
        for port in inputs:
            require_type(path, port.name, port.type, NUMPY_TYPES)
        self.input_names = [port.name for port in inputs]
        self.input_shapes = [port.shape[1:] for port in inputs]
        self.input_types = [NUMPY_TYPES[port.type] for port in inputs]

    def run(self, *inputs):
        self.output = self.session.run(None, dict(zip(self.input_names, inputs)))[0]
        if self.providers is None:
            events = json.loads(Path(self.session.end_profiling()).read_text())
            ran = {event.get("args", {}).get("provider") for event in events}
            self.providers = sorted(ran - {None})
        return self.output

    def describe(self):
        provider = "+".join(self.providers)
        return {
            "runtime": "onnxruntime (Python)",
            "version": f"onnxruntime {onnxruntime.__version__}",
            "provider": provider,
            "device": provider.replace("ExecutionProvider", "").lower(),
            "precision": self.output.dtype.name,
            "threads": self.threads,
        }


main(Model)
