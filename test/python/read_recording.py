"""Prints columns of a converted recording as JSON, read by NumPy, h5py or pyarrow: test/data/writers."""

import io
import json
import sys

import numpy as np

NAMES = ["observations", "state", "actions", "episode_lengths", "episode_index"]


def read(path):
    if path.endswith(".npz"):
        with np.load(path) as file:
            return {name: file[name].ravel().tolist() for name in NAMES if name in file}
    if path.endswith(".hdf5"):
        import h5py

        with h5py.File(path) as file:
            return {name: file[name][()].ravel().tolist() for name in NAMES if name in file}
    import pyarrow.parquet as pq
    from PIL import Image

    table = pq.read_table(path)
    columns = {name: table[name].to_pylist() for name in NAMES if name in table.column_names}
    if "observations" in columns:
        pixels = [np.array(Image.open(io.BytesIO(cell))).ravel() for cell in columns["observations"]]
        columns["observations"] = np.concatenate(pixels).tolist()
    columns["state"] = np.array(columns["state"]).ravel().tolist()
    return columns


print(json.dumps(read(sys.argv[1])))
