"""TensorBoard's own classes, for test/storage/tensorboard*.test.ts.

    python tensorboard_events.py write PATH   writes the events below (test/fixtures/storage/python.tfevents, 2.21.0)
    python tensorboard_events.py read FOLDER  prints what TensorBoard's loader makes of the event files of a folder, as JSON
"""

import json
import logging
import struct
import sys

import numpy as np
from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.plugins.histogram import metadata as histogram_metadata
from tensorboard.plugins.hparams import metadata as hparams_metadata, plugin_data_pb2
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.util import tensor_util

WALL_TIME = 1700000000.25


def value(tag, array, metadata, data_class):
    metadata.data_class = data_class
    return summary_pb2.Summary.Value(tag=tag, tensor=tensor_util.make_tensor_proto(array), metadata=metadata)


def events():
    yield event_pb2.Event(file_version="brain.Event:2")
    yield event_pb2.Event(
        step=6, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    )
    scalars = [
        value(tag, np.float32(number), scalar_metadata.create_summary_metadata("", ""), summary_pb2.DATA_CLASS_SCALAR)
        for tag, number in [("train/loss", 0.5), ("train/rate", 1e-3)]
    ]
    yield event_pb2.Event(step=7, summary=summary_pb2.Summary(value=scalars))
    text = value("note", np.array([b"**bold** \xc3\xbc"], dtype=object), text_metadata.create_summary_metadata("", ""), summary_pb2.DATA_CLASS_TENSOR)
    yield event_pb2.Event(step=300, summary=summary_pb2.Summary(value=[text]))
    image = value("sheet", np.array([b"2", b"3", b"\x89PNG"], dtype=object), image_metadata.create_summary_metadata("", ""), summary_pb2.DATA_CLASS_BLOB_SEQUENCE)
    yield event_pb2.Event(step=2**33, summary=summary_pb2.Summary(value=[image]))
    buckets = np.array([[1.5, 2.5, 3]], dtype=np.float64)
    histogram = value("weights", buckets, histogram_metadata.create_summary_metadata("", ""), summary_pb2.DATA_CLASS_TENSOR)
    yield event_pb2.Event(step=8, summary=summary_pb2.Summary(value=[histogram]))


def write(path):
    with open(path, "wb") as file:
        for event in events():
            event.wall_time = WALL_TIME
            data = event.SerializeToString()
            length = struct.pack("<Q", len(data))
            file.write(length + struct.pack("<I", masked_crc32c(length)) + data + struct.pack("<I", masked_crc32c(data)))


def plain(array):
    if array.dtype == object:
        return [item.hex() for item in array.tolist()]
    if array.dtype == np.float32 and not np.isfinite(array).all():
        return str(array)  # JSON has no NaN
    return array.tolist()


def session(content):
    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    if data.HasField("session_end_info"):
        return {"status": data.session_end_info.status}
    values = {}
    for name, item in data.session_start_info.hparams.items():
        values[name] = getattr(item, item.WhichOneof("kind"))
    return values


def read(folder):
    logging.disable(logging.CRITICAL)
    accumulator = plugin_event_accumulator.EventAccumulator(folder, tensor_size_guidance={})
    accumulator.Reload()
    tags = {}
    for tag in accumulator.Tags()["tensors"]:
        metadata = accumulator.SummaryMetadata(tag)
        plugin = metadata.plugin_data.plugin_name
        tags[tag] = {
            "plugin": plugin,
            "dataClass": metadata.data_class,
            "values": [[event.step, plain(tensor_util.make_ndarray(event.tensor_proto))] for event in accumulator.Tensors(tag)],
        }
        if plugin == hparams_metadata.PLUGIN_NAME:
            tags[tag]["session"] = session(metadata.plugin_data.content)
    return tags


if sys.argv[1] == "write":
    write(sys.argv[2])
    print("{}")
else:
    print(json.dumps(read(sys.argv[2])))
