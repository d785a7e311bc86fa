"""One small recording, written in every format by the Python packages that people use, for test/data/readers.

    python small_recording.py FOLDER    (test/fixtures/recordings; the versions are in FOLDER/versions.json)

Three episodes of 5, 1 and 8 actions. All numbers are formulas of episode e and step t, which test/data/small-recording.ts
repeats. `infos/label` names a state of each observation.
"""

import csv
import importlib.metadata
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

import h5py
import hdf5plugin
import imageio_ffmpeg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

LENGTHS = [5, 1, 8]
HEIGHT, WIDTH, CHANNELS = 6, 8, 3


def image(e, t, height=HEIGHT, width=WIDTH):
    h, w, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(CHANNELS), indexing="ij")
    return ((e * 71 + t * 31 + h * 7 + w * 13 + c * 59) % 256).astype(np.uint8)


def state(e, t):
    return np.array([e + t / 16, t * t / 8 - e], np.float32)


def action(e, t):
    return (e + 2 * t) % 3


def control(e, t):
    return np.array([t / 4 - 1, e / 2], np.float32)


def reward(e, t):
    return ((e + 1) * (t + 1)) % 5 / 4


def label(e, t):
    return (e + t) % 4


def steps(function, dtype, more=0):
    """One row a step (more=0) or an observation (more=1), all episodes one after the other."""
    return np.array([function(e, t) for e, length in enumerate(LENGTHS) for t in range(length + more)], dtype)


def ends():
    return np.array([t == length - 1 for length in LENGTHS for t in range(length)])


def npz_arrays():
    return {
        "observations": steps(image, np.uint8, 1),
        "state": steps(state, np.float32, 1),
        "label": steps(label, np.int64, 1),
        "actions": steps(action, np.int64),
        "control": steps(control, np.float32),
        "rewards": steps(reward, np.float64),
        "episode_lengths": np.array(LENGTHS, np.int64),
    }


def write_npz(folder):
    np.savez(os.path.join(folder, "stored.npz"), **npz_arrays())
    np.savez_compressed(os.path.join(folder, "compressed.npz"), **npz_arrays())
    arrays = npz_arrays()
    odd = {
        name: np.asfortranarray(array.astype(array.dtype.newbyteorder(">")))
        for name, array in arrays.items()
    }
    odd["note"] = np.array(["text is left out"])
    np.savez(os.path.join(folder, "fortran-big-endian.npz"), **odd)


def write_types(folder):
    """Every type of numbers in both orders of bytes and of axes; rows are [2, 3]."""
    values = (np.arange(36).reshape(6, 2, 3) * 7) % 23 - 11
    arrays = {}
    for kind in ["b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]:
        for order in "<>":
            for axes in "CF":
                typed = np.abs(values) if kind[0] == "u" else values
                name = f"{kind}-{'little' if order == '<' else 'big'}-{axes}"
                arrays[name] = np.asarray(typed, dtype=order + kind, order=axes)
    halves = np.array([0, 0x8000, 1, 0x83FF, 0x0400, 0x7BFF, 0x7C00, 0xFC00, 0x7E00, 0x3555], np.uint16)
    np.savez_compressed(os.path.join(folder, "types.npz"), **arrays)
    np.savez(os.path.join(folder, "halves.npz"), half=halves.view(np.float16), float=halves.view(np.float16).astype(np.float32))


def write_d4rl(folder):
    flags = ends()
    with h5py.File(os.path.join(folder, "d4rl.hdf5"), "w") as file:
        gzip = dict(compression="gzip", chunks=True, shuffle=True)
        file.create_dataset("observations", data=steps(image, np.uint8), **gzip)
        following = [image(e, t + 1) for e, length in enumerate(LENGTHS) for t in range(length)]
        file.create_dataset("next_observations", data=np.array(following), **gzip)
        file.create_dataset("actions", data=steps(action, np.int64), **gzip)
        file.create_dataset("rewards", data=steps(reward, np.float64), **gzip)
        # The second episode ended by itself, the others were cut off.
        episodes = np.repeat(np.arange(3), LENGTHS)
        file["terminals"] = flags & (episodes == 1)
        file["timeouts"] = flags & (episodes != 1)
        file["infos/control"] = steps(control, np.float32)
        file["infos/state"] = steps(state, np.float32)
        file["infos/label"] = steps(label, np.int64)
        file["metadata/algorithm"] = "made by a formula"


def write_stable_worldmodel(folder):
    with h5py.File(os.path.join(folder, "stable-worldmodel.h5"), "w", libver="latest") as file:
        columns = {
            # Channels first, as some of its data sets have them.
            "pixels": steps(image, np.uint8).transpose(0, 3, 1, 2),
            "action": steps(action, np.int64),
            "control": steps(control, np.float32),
            "state": steps(state, np.float32),
            "label": steps(label, np.int64),
            "reward": steps(reward, np.float64),
        }
        for name, rows in columns.items():
            file.create_dataset(name, data=rows, chunks=(1, *rows.shape[1:]), maxshape=(None, *rows.shape[1:]))
        file.create_dataset("goal", data=["a"] * len(columns["action"]), dtype=h5py.string_dtype())
        file["ep_len"] = np.array(LENGTHS, np.int32)
        file["ep_offset"] = np.cumsum([0, *LENGTHS[:-1]])


def write_filters(folder):
    """The recording of D4RL, every array compressed in another way."""
    filters = {
        "observations": hdf5plugin.Blosc(cname="zstd", clevel=5, shuffle=hdf5plugin.Blosc.SHUFFLE),
        "actions": dict(compression="lzf"),
        "rewards": hdf5plugin.Zstd(),
        "infos/control": hdf5plugin.LZ4(),
        "infos/state": dict(compression="gzip", fletcher32=True, scaleoffset=None),
        "infos/label": hdf5plugin.Blosc2(cname="lz4"),
    }
    source = os.path.join(folder, "d4rl.hdf5")
    with h5py.File(source) as given, h5py.File(os.path.join(folder, "filters.hdf5"), "w") as file:
        for name in ["observations", "next_observations", "actions", "rewards", "terminals", "timeouts",
                     "infos/control", "infos/state", "infos/label"]:
            rows = given[name][:]
            options = {key: value for key, value in dict(filters.get(name, {})).items() if value is not None}
            file.create_dataset(name, data=rows, chunks=(2, *rows.shape[1:]), **options)


def write_minari(folder):
    import gymnasium
    from gymnasium import spaces
    import minari

    class Formula(gymnasium.Env):
        def __init__(self, size):
            self.size, self.e = size, -1
            self.observation_space = spaces.Dict({
                "image": spaces.Box(0, 255, (*size, CHANNELS), np.uint8),
                "state": spaces.Box(-100, 100, (2,), np.float32),
            })
            self.action_space = spaces.Dict({
                "move": spaces.Discrete(3),
                "control": spaces.Box(-2, 2, (2,), np.float32),
            })

        def observe(self):
            observation = {"image": image(self.e, self.t, *self.size), "state": state(self.e, self.t)}
            return observation, {"label": np.int64(label(self.e, self.t))}

        def reset(self, seed=None, options=None):
            self.e, self.t = self.e + 1, 0
            return self.observe()

        def step(self, _action):
            gained = reward(self.e, self.t)
            self.t += 1
            observation, info = self.observe()
            return observation, gained, self.t == LENGTHS[self.e], False, info

    for name, size in [("minari", (HEIGHT, WIDTH)), ("minari-jpeg", (40, 48))]:
        with tempfile.TemporaryDirectory() as root:
            os.environ["MINARI_DATASETS_PATH"] = root
            env = minari.DataCollector(Formula(size), record_infos=True, data_format="hdf5")
            for e, length in enumerate(LENGTHS):
                env.reset()
                for t in range(length):
                    env.step({"move": np.int64(action(e, t)), "control": control(e, t)})
            env.create_dataset("formula/small-v0", algorithm_name="formula", author="jepa-onnx", description="a formula")
            target = os.path.join(folder, name)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(os.path.join(root, "formula/small-v0/data"), os.path.join(target, "data"))
            if size != (HEIGHT, WIDTH):
                with h5py.File(os.path.join(target, "data/main_data.hdf5")) as file:
                    decoded = [
                        np.array(Image.open(io.BytesIO(row.tobytes())))
                        for e in range(3) for row in file[f"episode_{e}/observations/image"]
                    ]
                np.savez_compressed(os.path.join(target, "decoded.npz"), observations=np.array(decoded),
                                    episode_lengths=[length + 1 for length in LENGTHS])
            # The bounds of every pixel make up nearly all of this file; kept for the small images only.
            path = os.path.join(target, "data/metadata.json")
            metadata = json.load(open(path))
            if size != (HEIGHT, WIDTH):
                space = json.loads(metadata["observation_space"])
                del space["subspaces"]["image"]
                metadata["observation_space"] = json.dumps(space)
            json.dump(metadata, open(path, "w"))


def flat(more):
    """Columns of a table: a row a step (more=0) or an observation (more=1), whose last one has no action."""
    def steps_or_null(function, dtype):
        return [
            None if t == length else np.asarray(function(e, t), dtype).tolist()
            for e, length in enumerate(LENGTHS) for t in range(length + more)
        ]

    return {
        "episode_index": [e for e, length in enumerate(LENGTHS) for _ in range(length + more)],
        "state": steps(state, np.float32, more).tolist(),
        "label": steps(label, np.int64, more).tolist(),
        "action": steps_or_null(action, np.int64),
        "control": steps_or_null(control, np.float32),
        "reward": steps_or_null(reward, np.float64),
    }


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG")
    return buffer.getvalue()


def image_structures(more):
    return [
        {"bytes": png(image(e, t)), "path": f"{e}-{t}.png"} for e, length in enumerate(LENGTHS) for t in range(length + more)
    ]


IMAGE_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def table(columns, images_name, more):
    lists = {"state": pa.list_(pa.float32()), "control": pa.list_(pa.float32(), 2), "observation.state": pa.list_(pa.float32(), 2)}
    arrays = {name: pa.array(rows, lists.get(name)) for name, rows in columns.items()}
    if images_name is not None:
        arrays[images_name] = pa.array(image_structures(more), IMAGE_TYPE)
    return pa.table(arrays)


def write_parquet(folder):
    columns = {**flat(1), "task": ["text is left out"] * sum(length + 1 for length in LENGTHS)}
    for name, compression in [("images.parquet", "snappy"), ("images-zstd.parquet", "zstd")]:
        pq.write_table(table(columns, "image", 1), os.path.join(folder, name), compression=compression, row_group_size=4)


def lerobot_columns():
    columns = flat(0)
    columns["observation.state"] = columns.pop("state")
    columns["next.reward"] = columns.pop("reward")
    columns["frame_index"] = [t for length in LENGTHS for t in range(length)]
    columns["timestamp"] = [t / 10 for t in columns["frame_index"]]
    columns["index"] = list(range(sum(LENGTHS)))
    columns["task_index"] = [0] * sum(LENGTHS)
    return columns


def lerobot_info(version, **paths):
    def feature(dtype, shape, names=None):
        return {"dtype": dtype, "shape": shape, "names": names}

    sides = ["height", "width", "channels"]
    return {
        "codebase_version": version, "robot_type": "formula", "total_episodes": 3, "total_frames": sum(LENGTHS),
        "total_tasks": 1, "chunks_size": 1000, "fps": 10, "splits": {"train": "0:3"}, **paths,
        "features": {
            "observation.image": feature("image", [HEIGHT, WIDTH, CHANNELS], sides),
            "observation.video": feature("video", [VIDEO_HEIGHT, VIDEO_WIDTH, CHANNELS], sides),
            "observation.state": feature("float32", [2], ["x", "y"]),
            "action": feature("int64", [1]),
            "control": feature("float32", [2]),
            "next.reward": feature("float64", [1]),
            "label": feature("int64", [1]),
            "timestamp": feature("float32", [1]),
            "frame_index": feature("int64", [1]),
            "episode_index": feature("int64", [1]),
            "index": feature("int64", [1]),
            "task_index": feature("int64", [1]),
            "instruction": feature("string", [1]),
        },
    }


VIDEO_HEIGHT, VIDEO_WIDTH = 32, 48


def write_video(path, episodes):
    """Frames of one grey each, 20 + 40 e + 4 t, which compression keeps."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    options = ["-c:v", "libx264", "-g", "2", "-crf", "1", "-pix_fmt", "yuv420p"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
               "-s", f"{VIDEO_WIDTH}x{VIDEO_HEIGHT}", "-r", "10", "-i", "-", *options, path]
    frames = [
        np.full((VIDEO_HEIGHT, VIDEO_WIDTH, CHANNELS), 20 + 40 * e + 4 * t, np.uint8)
        for e in episodes for t in range(LENGTHS[e])
    ]
    subprocess.run(command, input=np.array(frames).tobytes(), check=True)


def write_json(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(content if isinstance(content, str) else json.dumps(content, indent=1))


def write_lerobot(folder):
    columns = table(lerobot_columns(), "observation.image", 0)
    old = os.path.join(folder, "lerobot-2.1")
    write_json(f"{old}/meta/info.json", lerobot_info(
        "v2.1",
        data_path="data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
        video_path="videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
    ))
    lines = [{"episode_index": e, "tasks": ["formula"], "length": length} for e, length in enumerate(LENGTHS)]
    write_json(f"{old}/meta/episodes.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    start = 0
    for e, length in enumerate(LENGTHS):
        path = f"{old}/data/chunk-000/episode_{e:06d}.parquet"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        pq.write_table(columns.slice(start, length), path)
        write_video(f"{old}/videos/chunk-000/observation.video/episode_{e:06d}.mp4", [e])
        start += length

    new = os.path.join(folder, "lerobot-3.0")
    write_json(f"{new}/meta/info.json", lerobot_info(
        "v3.0",
        data_path="data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        video_path="videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    ))
    # The first file holds two episodes, the second one the third.
    files = [[0, 1], [2]]
    for index, episodes in enumerate(files):
        rows = sum(LENGTHS[e] for e in episodes)
        path = f"{new}/data/chunk-000/file-{index:03d}.parquet"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        pq.write_table(columns.slice(sum(LENGTHS[: episodes[0]]), rows), path)
        write_video(f"{new}/videos/observation.video/chunk-000/file-{index:03d}.mp4", episodes)
    episodes = {
        "episode_index": [0, 1, 2],
        "length": LENGTHS,
        "data/chunk_index": [0, 0, 0],
        "data/file_index": [0, 0, 1],
        "dataset_from_index": [0, 5, 6],
        "dataset_to_index": [5, 6, 14],
        "videos/observation.video/chunk_index": [0, 0, 0],
        "videos/observation.video/file_index": [0, 0, 1],
        "videos/observation.video/from_timestamp": [0.0, 0.5, 0.0],
        "videos/observation.video/to_timestamp": [0.5, 0.6, 0.8],
    }
    os.makedirs(f"{new}/meta/episodes/chunk-000", exist_ok=True)
    pq.write_table(pa.table(episodes), f"{new}/meta/episodes/chunk-000/file-000.parquet")


def write_image_folders(folder):
    for name in ["folder-csv", "folder-jsonl"]:
        target = os.path.join(folder, name)
        shutil.rmtree(target, ignore_errors=True)
        os.makedirs(os.path.join(target, "images"))
        columns = flat(1)
        names = []
        for e, length in enumerate(LENGTHS):
            for t in range(length + 1):
                names.append(f"images/{e}-{t}.png")
                Image.fromarray(image(e, t)).save(os.path.join(target, names[-1]))
        if name == "folder-csv":
            with open(os.path.join(target, "steps.csv"), "w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["image", "episode", "state_0", "state_1", "label", "action", "control_0", "control_1", "reward", "note"])
                for i, path in enumerate(names):
                    control_row = columns["control"][i] or ["", ""]
                    blank = lambda value: "" if value is None else value
                    writer.writerow([path, columns["episode_index"][i], *columns["state"][i], columns["label"][i],
                                     blank(columns["action"][i]), *control_row, blank(columns["reward"][i]), 'a "note", quoted\nover two lines'])
        else:
            with open(os.path.join(target, "steps.jsonl"), "w") as file:
                for i, path in enumerate(names):
                    row = {"image": path, **{key: rows[i] for key, rows in columns.items() if rows[i] is not None}}
                    file.write(json.dumps(row) + "\n")


def write_large_image(folder):
    """The first image, each pixel four times."""
    Image.fromarray(image(0, 0).repeat(2, 0).repeat(2, 1)).save(os.path.join(folder, "large.png"))


def write_versions(folder):
    names = ["numpy", "h5py", "hdf5plugin", "minari", "gymnasium", "pyarrow", "pillow", "imageio-ffmpeg"]
    with open(os.path.join(folder, "versions.json"), "w") as file:
        json.dump({name: importlib.metadata.version(name) for name in names}, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    target = sys.argv[1]
    os.makedirs(target, exist_ok=True)
    for write in [write_npz, write_types, write_d4rl, write_stable_worldmodel, write_filters, write_minari, write_parquet,
                  write_lerobot, write_image_folders, write_large_image, write_versions]:
        write(target)
