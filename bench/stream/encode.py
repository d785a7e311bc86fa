# What a user would write: reads images of an NPZ (stored, not compressed) batch by batch and encodes them with onnxruntime. Prints the
# CPU seconds and the peak memory in MiB of this process. Usage: encode.py encoder.onnx frames.npz COLUMN THREADS
import resource, sys, zipfile
import numpy as np
import onnxruntime as ort

model, path, column, threads = sys.argv[1:5]
options = ort.SessionOptions()
options.intra_op_num_threads = int(threads)
session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
latents = []
with zipfile.ZipFile(path).open(f"{column}.npy") as file:
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    (count, *shape), _, dtype = read_header(file)
    size = int(np.prod(shape))
    for start in range(0, count, 256):
        rows = min(256, count - start)
        images = np.frombuffer(file.read(rows * size), dtype).reshape(rows, *shape)
        pixels = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)
        latents.append(session.run(None, {name: pixels})[0])
print(len(np.concatenate(latents)))
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
