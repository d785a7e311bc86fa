"""Reads a recording's observations in random blocks with h5py or NumPy, for bench/read.ts. One JSON line a request."""

import json
import random
import sys
import time

import numpy as np

request = json.loads(sys.stdin.readline())
path, block = request["path"], request["block"]
if path.endswith(".npz"):
    # numpy.load has no random access; a memory map of the stored array is what people use instead.
    import zipfile

    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("observations.npy").header_offset
    with open(path, "rb") as file:
        file.seek(offset + 26)
        name, extra = np.frombuffer(file.read(4), "<u2")
        file.seek(offset + 30 + int(name) + int(extra))
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        observations = np.memmap(path, dtype, "r", file.tell(), shape)
    version = f"NumPy {np.__version__}"
else:
    import h5py

    observations = h5py.File(path)["observations"]
    version = f"h5py {h5py.__version__}"
print(json.dumps({"version": version}), flush=True)
starts = list(range(0, len(observations) - block, block))
shuffled = random.Random(0)
shuffled.shuffle(starts)
position = 0
for line in sys.stdin:
    wanted, done = int(line), 0
    start = time.perf_counter()
    while done < wanted:
        begin = starts[position % len(starts)]
        position += 1
        # A copy, as a batch is one; a memory map alone reads nothing.
        done += len(np.array(observations[begin : begin + block]))
    print(1000 * (time.perf_counter() - start) / done, flush=True)
