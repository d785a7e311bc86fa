"""Writes test/fixtures/torch-predictor: an encoder and its predictors as PyTorch exports them, and a recording to follow.

    python test/python/torch_predictors.py test/fixtures/torch-predictor

A world that can be worked out by hand: five cells in a row, of which the lit column of an image says which it is. Two actions lead one
cell down or up, and stay at the ends; the reward is 1 in the last cell. The encoder gives the cells 0, 1, 1.25, 3 and 4: it nearly merges
the second and the third. The predictor adds 1 up and takes 1 down, which is right but for the merged cells and the ends.

Both exporters: TorchScript (dynamo=False) and torch.export (dynamo=True). Made with the versions that versions.json beside the files names.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import torch
from torch import nn

SIDE = 8
CELLS = [0.0, 1.0, 1.25, 3.0, 4.0]
EPISODES = 30
STEPS = 9


class Encoder(nn.Module):
    """[N, 3, H, W] in 0..1 to [N, 3]: the number of the lit column, and twice nothing."""

    def __init__(self):
        super().__init__()
        weights = torch.zeros(SIDE)
        weights[: len(CELLS)] = torch.tensor(CELLS)
        self.weights = nn.Parameter(weights)

    def forward(self, pixels):
        columns = pixels[:, 0, 0, :]
        place = (columns * self.weights).sum(dim=1, keepdim=True)
        return torch.cat([place, place * 0, place * 0], dim=1)


class Predictor(nn.Module):
    """A latent and a one-hot action to the next latent, or to what is added."""

    def __init__(self, gives="next"):
        super().__init__()
        self.move = nn.Linear(2, 3, bias=False)
        self.move.weight = nn.Parameter(torch.tensor([[-1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]))
        self.gives = gives

    def forward(self, z, u):
        return self.move(u) + (z if self.gives == "next" else 0 * z)


class Indexed(nn.Module):
    """The same with the number of the action, which comes first."""

    def __init__(self):
        super().__init__()
        self.move = nn.Embedding(2, 3)
        self.move.weight = nn.Parameter(torch.tensor([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))

    def forward(self, action, latent):
        return latent + self.move(action)


class Timed(Predictor):
    """The same with a further input: how long the action takes."""

    def forward(self, z, u, dt):
        return z + dt * self.move(u)


def record(path):
    rng = np.random.default_rng(0)
    columns = {name: [] for name in ["pixels", "action", "reward", "cell", "episode"]}
    for episode in range(EPISODES):
        cell = episode % len(CELLS)
        for _ in range(STEPS):
            image = np.zeros((SIDE, SIDE, 3), np.uint8)
            image[:, cell] = 255
            action = rng.integers(2)
            values = [image, action, float(cell == len(CELLS) - 1), cell, episode]
            for own, value in zip(columns.values(), values):
                own.append(value)
            cell = min(len(CELLS) - 1, max(0, cell + (1 if action == 1 else -1)))
    types = {"pixels": np.uint8, "action": np.int64, "reward": np.float32, "cell": np.int64, "episode": np.int64}
    np.savez_compressed(path, **{name: np.array(values, types[name]) for name, values in columns.items()})


def export(model, inputs, path, names, output, is_open, dynamo):
    """Latents and actions may be any number, or as many as were given."""
    rows = {0: torch.export.Dim("batch")} if dynamo else {0: "batch"}
    axes = None
    if is_open and dynamo:
        axes = {"dynamic_shapes": tuple(rows if value.dim() > 0 else None for value in inputs)}
    elif is_open:
        axes = {"dynamic_axes": {name: rows for name in [*names, output]}}
    torch.onnx.export(
        model.eval(), inputs, path, input_names=names, output_names=[output], dynamo=dynamo, opset_version=18, **(axes or {})
    )
    # What a file says of the machine that made it does not belong into a fixture.
    model = onnx.load(path)
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    onnx.save(model, path)
    pathlib.Path(f"{path}.data").unlink(missing_ok=True)


def main(folder):
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    record(folder / "cells.npz")
    pixels = torch.rand(2, 3, SIDE, SIDE)
    z, u, index = torch.rand(2, 3), torch.eye(2), torch.tensor([0, 1])
    export(Encoder(), (pixels,), folder / "encoder.onnx", ["pixels"], "z", True, True)
    export(Predictor(), (z, u), folder / "predictor.onnx", ["z", "u"], "next", True, True)
    export(Predictor("difference"), (z, u), folder / "difference.onnx", ["z", "u"], "delta", True, False)
    export(Predictor().half(), (z.half(), u.half()), folder / "half.onnx", ["z", "u"], "next", True, False)
    export(Predictor().double(), (z.double(), u.double()), folder / "double.onnx", ["z", "u"], "next", True, False)
    # Two rows at once, and the action first.
    export(Indexed(), (index, z), folder / "index.onnx", ["action", "latent"], "next_latent", False, False)
    export(Timed(), (z, u, torch.ones(2, 1)), folder / "timed.onnx", ["z", "u", "dt"], "next", True, False)
    versions = {"torch": torch.__version__, "onnx": onnx.__version__, "numpy": np.__version__}
    (folder / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")


main(pathlib.Path(sys.argv[1]))
