"""
The exported world model in OpenVINO: encode observations, predict two actions ahead. In float32: by default OpenVINO lowers the
precision where the processor has bfloat16, which moves latents by 1e-2.
"""

import numpy as np
import openvino

from protocol import Refusal, main, require_type

NUMPY_TYPES = {"f32": np.float32, "u8": np.uint8}
PRECISION_NAMES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}


class Model:
    def __init__(self, path, threads):
        configuration = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
        self.core = openvino.Core()
        try:
            self.model = self.core.compile_model(path, "CPU", configuration)
        except Exception as error:
            raise Refusal(path, "a model that OpenVINO compiles", f"this: {error}", "Export it again.") from error
        types = [port.element_type.get_type_name() for port in self.model.inputs]
        for port, name in zip(self.model.inputs, types):
            require_type(path, port.any_name, name, NUMPY_TYPES)
        self.input_shapes = [[axis.get_length() for axis in list(port.partial_shape)[1:]] for port in self.model.inputs]
        self.input_types = [NUMPY_TYPES[name] for name in types]

    def run(self, *inputs):
        return self.model(list(inputs))[0].copy()

    def describe(self):
        devices = self.model.get_property("EXECUTION_DEVICES")
        precision = self.model.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        return {
            "runtime": "OpenVINO (Python)",
            "version": f"openvino {openvino.get_version()}",
            "provider": "+".join(devices),
            "device": self.core.get_property(devices[0], "FULL_DEVICE_NAME").strip(),
            "precision": PRECISION_NAMES.get(precision, precision),
            "threads": self.model.get_property("INFERENCE_NUM_THREADS"),
        }


main(Model)
