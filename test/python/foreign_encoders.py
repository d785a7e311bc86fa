"""Writes test/fixtures/foreign-encoder: encoders that another exporter made, and images with labels.

    python test/python/foreign_encoders.py test/fixtures/foreign-encoder

Made with onnx 1.23.2 and NumPy 2.4.6.
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
COUNT = 120
CLASSES = 4
SIDE = 8


def save(path, nodes, initializers, input_shape, output_shape):
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, output_shape)],
        [
            numpy_helper.from_array(np.asarray(value, np.uint8 if isinstance(value, np.uint8) else np.float32), name)
            for name, value in initializers.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    pool = helper.make_node("AveragePool", ["pixels"], ["pooled"], kernel_shape=[SIDE, 2], strides=[SIDE, 2])
    flat = helper.make_node("Flatten", ["pooled"], ["embedding"])
    # The mean of each quarter and channel; one image at once, as exporters have it by default.
    save(folder / "quarters.onnx", [pool, flat], {}, [1, 3, SIDE, SIDE], [1, 3 * CLASSES])
    # The same of pixels that are rounded to bytes, as a quantised encoder has them.
    rounded = [
        helper.make_node("QuantizeLinear", ["pixels", "scale", "zero"], ["bytes"]),
        helper.make_node("DequantizeLinear", ["bytes", "scale", "zero"], ["rounded"]),
        helper.make_node("AveragePool", ["rounded"], ["pooled"], kernel_shape=[SIDE, 2], strides=[SIDE, 2]),
    ]
    steps = {"scale": 1 / 255, "zero": np.uint8(0)}
    save(folder / "quarters-int8.onnx", [*rounded, flat], steps, [1, 3, SIDE, SIDE], [1, 3 * CLASSES])
    # The same as the first, shrunk around one point: what a collapsed encoder gives.
    shrunk = [
        pool,
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Mul", ["flat", "scale"], ["scaled"]),
        helper.make_node("Mul", ["scaled", "nothing"], ["lost"]),
        helper.make_node("Add", ["lost", "point"], ["embedding"]),
    ]
    # Only one channel of one quarter is left, at a thousandth: the four classes are two.
    nothing = np.zeros(3 * CLASSES)
    nothing[0] = 1
    save(
        folder / "collapsed.onnx",
        shrunk,
        {"scale": 0.001, "nothing": nothing, "point": np.ones(3 * CLASSES)},
        ["batch", 3, SIDE, SIDE],
        ["batch", 3 * CLASSES],
    )
    save(
        folder / "numbers.onnx",
        [helper.make_node("MatMul", ["pixels", "identity"], ["embedding"])],
        {"identity": np.eye(5)},
        ["batch", 5],
        ["batch", 5],
    )
    # Pixels over 255, the mean of 2 x 2 x 3 of them, and a batch normalisation that kept the variance of such means of bytes.
    save(
        folder / "normalised.onnx",
        [
            helper.make_node("Div", ["pixels", "largest"], ["unit"]),
            helper.make_node("Conv", ["unit", "kernel"], ["means"], name="means"),
            helper.make_node("BatchNormalization", ["means", "one", "zero", "mean", "variance"], ["normal"]),
            helper.make_node("Flatten", ["normal"], ["embedding"]),
        ],
        {
            "largest": 255,
            "kernel": np.full((1, 3, 2, 2), 1 / 12),
            "one": np.ones(1),
            "zero": np.zeros(1),
            "mean": np.full(1, 0.5),
            "variance": np.full(1, 1 / 144),
        },
        ["batch", 3, SIDE, SIDE],
        ["batch", (SIDE - 1) ** 2],
    )

    random = np.random.default_rng(0)
    label = np.arange(COUNT) % CLASSES
    image = random.integers(0, 40, (COUNT, SIDE, SIDE, 3), dtype=np.uint8)
    for index, quarter in enumerate(label):
        image[index, :, 2 * quarter : 2 * quarter + 2] += 200
    np.savez(folder / "labelled.npz", image=image, label=label)
    vector = np.eye(5)[label] + 0.05 * random.standard_normal((COUNT, 5))
    np.savez(folder / "numbers.npz", observation=vector.astype(np.float32), label=label)


main(pathlib.Path(sys.argv[1]))
