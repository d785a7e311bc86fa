"""HDF5 files that a reader must refuse, for test/data/readers/hdf5-hostile.test.ts.

    python hostile_hdf5.py FOLDER    (test/fixtures/hostile-hdf5, h5py 3.16.0)
"""

import os
import sys

import h5py
import numpy as np

STEPS = 1000


def base(file):
    file["actions"] = np.arange(STEPS) % 3
    file["rewards"] = np.zeros(STEPS, np.float32)


def main(folder):
    os.makedirs(folder, exist_ok=True)

    def new(name):
        file = h5py.File(os.path.join(folder, name), "w")
        base(file)
        return file

    with new("external-link.h5") as file:
        file["observations"] = h5py.ExternalLink("secret.h5", "/observations")
    with new("soft-link.h5") as file:
        file["hidden"] = h5py.ExternalLink("secret.h5", "/observations")
        del file["hidden"]
        file["observations"] = h5py.SoftLink("/actions")
    with new("external-storage.h5") as file:
        file.create_dataset("observations", shape=(STEPS, 4), dtype=np.uint8, external=[("secret.bin", 0, STEPS * 4)])
    with new("virtual.h5") as file:
        layout = h5py.VirtualLayout(shape=(STEPS, 4), dtype=np.float32)
        layout[:] = h5py.VirtualSource("secret.h5", "observations", shape=(STEPS, 4))
        file.create_virtual_dataset("observations", layout)
    with h5py.File(os.path.join(folder, "secret.h5"), "w") as file:
        file["observations"] = np.full((STEPS, 4), 42, np.float32)
    with open(os.path.join(folder, "secret.bin"), "wb") as file:
        file.write(bytes([42]) * STEPS * 4)
    with new("loop.h5") as file:
        group = file.create_group("group")
        group["itself"] = group
    with new("huge-claim.h5") as file:
        file.create_dataset("observations", shape=(2**33, 4), dtype=np.float32, chunks=(1024, 4))
    path = os.path.join(folder, "corrupt-chunk.h5")
    with new("corrupt-chunk.h5") as file:
        rows = np.random.default_rng(0).integers(0, 9, (STEPS, 4)).astype(np.float32)
        dataset = file.create_dataset("observations", data=rows, compression="gzip", chunks=(100, 4))
        chunk = dataset.id.get_chunk_info(3)
    with open(path, "r+b") as file:
        file.seek(chunk.byte_offset + chunk.size // 2)
        flipped = bytes(byte ^ 0xFF for byte in file.read(8))
        file.seek(chunk.byte_offset + chunk.size // 2)
        file.write(flipped)


main(sys.argv[1])
