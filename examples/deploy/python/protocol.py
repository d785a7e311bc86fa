"""What both programs share: arguments, raw files, batches and results. See ../README.md; the runtimes are in the other files."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

USAGE = "<encoder.onnx> <predictor.onnx> <observations.bin> <actions.bin> <N> <batch size> [<out folder>]"


class Refusal(Exception):
    """Something is not as the protocol says: where, what was expected, what was found, what to do."""

    def __init__(self, where, expected, found, remedy):
        super().__init__(f"{where}: expected {expected}, found {found}. {remedy}")


def positive(where, text):
    if not text.isdecimal() or int(text) == 0:
        raise Refusal(where, "a whole number above 0", f'"{text}"', "Give 1 or more.")
    return int(text)


def require_type(path, port, type_name, known):
    if type_name not in known:
        raise Refusal(f"{path}: input {port}", "float32 or uint8", type_name, "Export with inputs of these types.")


def read_rows(path, rows, inputs):
    """The raw little-endian values of a file: for each of `inputs` (shape and type of a row) an array [*rows, *shape]."""
    shapes = [[*rows, *shape] for shape, _ in inputs]
    dtypes = [np.dtype(dtype).newbyteorder("<") for _, dtype in inputs]
    sizes = [int(np.prod(shape)) * dtype.itemsize for shape, dtype in zip(shapes, dtypes)]
    values = Path(path).read_bytes()
    if len(values) != sum(sizes):
        what = ", then ".join(f"{dtype.name} {shape}" for shape, dtype in zip(shapes, dtypes))
        remedy = "Check N, and that the values have the shape and type of the model's inputs."
        raise Refusal(path, f"{sum(sizes)} bytes for {what}", len(values), remedy)
    begins = np.cumsum([0, *sizes])
    return [
        np.frombuffer(values[begin : begin + size], dtype).reshape(shape)
        for begin, size, dtype, shape in zip(begins, sizes, dtypes, shapes)
    ]


def encode_and_predict(open_model, arguments):
    """
    open_model(path, threads) gives a model with `input_shapes` (without N), `input_types` (of numpy), `run(*inputs) -> array`
    and `describe()`: runtime, version, provider, device, precision and threads, as the runtime tells them.
    """
    if len(arguments) not in (6, 7):
        raise Refusal("arguments", USAGE, f"{len(arguments)} of them", "See examples/deploy/README.md.")
    encoder_path, predictor_path, observations_path, actions_path, count, batch_size, *out = arguments
    count = positive("N", count)
    batch_size = positive("batch size", batch_size)
    threads = positive("JEPA_THREADS", os.environ.get("JEPA_THREADS", "1"))

    encoder = open_model(encoder_path, threads)
    predictor = open_model(predictor_path, threads)
    for path, model, counts in [(encoder_path, encoder, (1, 2)), (predictor_path, predictor, (2,))]:
        if len(model.input_shapes) not in counts:
            remedy = "Name encoder and predictor in this order; an observation is an image, a vector, or an image and a vector."
            raise Refusal(path, f"{' or '.join(map(str, counts))} inputs", len(model.input_shapes), remedy)
    observations = read_rows(observations_path, [count], list(zip(encoder.input_shapes, encoder.input_types)))
    (actions,) = read_rows(actions_path, [2, count], [(predictor.input_shapes[1], np.float32)])

    def in_batches(model, *inputs):
        starts = range(0, count, batch_size)
        return np.concatenate([model.run(*(rows[start : start + batch_size] for rows in inputs)) for start in starts])

    encoder.run(*(rows[:batch_size] for rows in observations))
    begin = time.perf_counter()
    latent = in_batches(encoder, *observations)
    encode_ms = (time.perf_counter() - begin) * 1000
    predicted_1 = in_batches(predictor, latent, actions[0])
    predicted_2 = in_batches(predictor, predicted_1, actions[1])

    results = {"latent": latent, "predicted_1": predicted_1, "predicted_2": predicted_2}
    if not out:
        for name, rows in results.items():
            print(name, *(f"{value:.4f}" for value in rows[0]))
        return
    folder = Path(out[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in results.items():
        (folder / f"{name}.bin").write_bytes(rows.astype("<f4").tobytes())
    description = {**encoder.describe(), "encodeMs": encode_ms}
    (folder / "runtime.json").write_text(json.dumps(description, indent=2) + "\n")


def main(open_model):
    try:
        encode_and_predict(open_model, sys.argv[1:])
    except Exception as error:  # whatever a runtime throws becomes one line
        sys.exit(" ".join(str(error).split()))
