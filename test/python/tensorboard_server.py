"""A real TensorBoard over the event files of a folder, for test/pipeline/log.slow.test.ts.

    python tensorboard_server.py FOLDER   prints what its plugins serve, as JSON
"""

import json
import logging
import struct
import sys
import time
import urllib.parse
import urllib.request

from tensorboard import program

DEADLINE_S = 60


def png_size(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
    return list(struct.unpack(">II", data[16:24]))


logging.disable(logging.CRITICAL)
server = program.TensorBoard()
server.configure(argv=["tensorboard", "--logdir", sys.argv[1], "--port", "0", "--load_fast", "false"])
url = server.launch()


def fetch(path, body=None, **query):
    text = urllib.parse.urlencode({"run": ".", **query})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}data/plugin/{path}?{text}", data=data, headers={"Content-Type": "application/json"})
    return urllib.request.urlopen(request).read()


def wait_for(path):
    """Event files are read in the background: what is served, once there is anything."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        value = json.loads(fetch(path))
        if any(value.values()) or time.monotonic() > deadline:
            return value["."]
        time.sleep(0.2)


scalars = wait_for("scalars/tags")
images = {}
for tag in json.loads(fetch("images/tags")).get(".", {}):
    [sample] = json.loads(fetch("images/images", tag=tag, sample=0))
    query = dict(urllib.parse.parse_qsl(sample["query"]))
    images[tag] = {"step": sample["step"], "size": png_size(fetch("images/individualImage", **query))}
info = json.loads(fetch("projector/info"))
[embedding] = info["embeddings"]
name = embedding["tensorName"]
vectors = fetch("projector/tensor", name=name)
groups = json.loads(fetch("hparams/session_groups", body={"experimentName": "", "startIndex": 0, "sliceSize": 10, "allowedStatuses": ["STATUS_SUCCESS", "STATUS_RUNNING", "STATUS_FAILURE", "STATUS_UNKNOWN"]}))
print(
    json.dumps(
        {
            "scalars": {tag: [[step, value] for _, step, value in json.loads(fetch("scalars/scalars", tag=tag))] for tag in scalars},
            "images": images,
            "projector": {
                "shape": embedding["tensorShape"],
                "sprite": {**embedding["sprite"], "size": png_size(fetch("projector/sprite_image", name=name))},
                "vectors": list(struct.unpack(f"<{len(vectors) // 4}f", vectors)),
                "metadata": fetch("projector/metadata", name=name).decode().splitlines(),
            },
            "hyperparameters": [group["hparams"] for group in groups["sessionGroups"]],
            "status": [session["status"] for group in groups["sessionGroups"] for session in group["sessions"]],
        }
    )
)
