"""Writes test/fixtures/torch-encoder: small encoders as PyTorch exports them, observations with labels, and PyTorch's own latents.

    python test/python/torch_encoders.py test/fixtures/torch-encoder

Both exporters: TorchScript (dynamo=False) and torch.export (dynamo=True). Weights are random, of one seed. Made with the versions
that versions.json beside the files names.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import torch
from torch import nn

SIDE = 16
SIZE = 8
TOKENS = 6
FRAMES = 4
COUNT = 96
CLASSES = 3


class Tower(nn.Module):
    """A vision transformer of one block: patches of 8 x 8 and a class token."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, SIZE, 8, stride=8)
        self.token = nn.Parameter(torch.randn(1, 1, SIZE))
        self.places = nn.Parameter(torch.randn(1, 5, SIZE))
        self.block = nn.TransformerEncoderLayer(SIZE, 2, 16, dropout=0.0, batch_first=True, norm_first=True)

    def forward(self, pixel_values):
        patches = self.patches(pixel_values).flatten(2).transpose(1, 2)
        token = self.token.expand(pixel_values.shape[0], -1, -1)
        return self.block(torch.cat([token, patches], dim=1) + self.places)


class Dino(nn.Module):
    """Tokens first, as transformers' models have them, then their pooled form."""

    def __init__(self):
        super().__init__()
        self.tower = Tower()
        self.norm = nn.LayerNorm(SIZE)

    def forward(self, pixel_values):
        hidden = self.tower(pixel_values)
        return hidden, self.norm(hidden[:, 0])


class Text(nn.Module):
    """The mean of the embeddings of the tokens that the mask keeps."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(16, SIZE)

    def forward(self, input_ids, attention_mask):
        kept = attention_mask.unsqueeze(-1).to(torch.float32)
        return (self.words(input_ids) * kept).sum(1) / kept.sum(1)


class Clip(nn.Module):
    """An image and a text in one space."""

    def __init__(self):
        super().__init__()
        self.tower = Tower()
        self.text = Text()

    def forward(self, input_ids, pixel_values, attention_mask):
        image = self.tower(pixel_values)[:, 0]
        text = self.text(input_ids, attention_mask)
        image = image / image.norm(dim=-1, keepdim=True)
        text = text / text.norm(dim=-1, keepdim=True)
        return image @ text.T, image, text


class Video(nn.Module):
    """Tubes of 2 frames and 8 x 8 pixels of [N, T, C, H, W] clips, then their mean; the order of the frames matters."""

    def __init__(self):
        super().__init__()
        self.tubes = nn.Conv3d(3, SIZE, (2, 8, 8), stride=(2, 8, 8))
        self.mix = nn.Linear(2 * 4 * SIZE, SIZE)

    def forward(self, clips):
        tubes = self.tubes(clips.transpose(1, 2))
        return self.mix(torch.relu(tubes).flatten(1))


class ChannelsFirst(nn.Module):
    """The same of [N, C, T, H, W] clips."""

    def __init__(self, video):
        super().__init__()
        self.video = video

    def forward(self, clips):
        return self.video(clips.transpose(1, 2))


def export(model, arguments, path, names, outputs, axes, dynamo):
    model.eval()
    keywords = {"input_names": names, "output_names": outputs, "opset_version": 18}
    if dynamo:
        shapes = tuple({0: torch.export.Dim("batch")} for _ in names) if axes else None
        torch.onnx.export(model, arguments, path, dynamo=True, dynamic_shapes=shapes, external_data=False, **keywords)
    else:
        dynamic = {name: {0: axes} for name in [*names, *outputs]} if axes else None
        torch.onnx.export(model, arguments, path, dynamo=False, dynamic_axes=dynamic, **keywords)


def strip(path):
    """Where a node was traced is of the machine that traced it."""
    model = onnx.load(path)
    for values in (model.graph.node, model.graph.input, model.graph.output, model.graph.value_info, model.graph.initializer):
        for value in values:
            value.ClearField("metadata_props")
            value.ClearField("doc_string")
    model.graph.ClearField("metadata_props")
    model.ClearField("metadata_props")
    for function in model.functions:
        for node in function.node:
            node.ClearField("metadata_props")
    onnx.save(model, path)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    random = np.random.default_rng(1)
    label = np.arange(COUNT) % CLASSES
    frames = random.integers(0, 40, (COUNT, SIDE, SIDE, 3))
    for n in range(COUNT):
        frames[n, :, 5 * label[n] : 5 * label[n] + 5, label[n]] += 180
    frames = frames.astype(np.uint8)
    tokens = random.integers(0, 4, (COUNT, TOKENS)) + 4 * label[:, None]
    mask = np.ones((COUNT, TOKENS), np.int64)
    clips = np.stack([np.roll(frames, shift, 0) for shift in range(FRAMES)], 1)
    np.savez_compressed(folder / "observations.npz", frames=frames, tokens=tokens, label=label, mask=mask, clips=clips)

    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    video = torch.from_numpy(clips).permute(0, 1, 4, 2, 3).float() / 255
    ids, kept = torch.from_numpy(tokens), torch.from_numpy(mask)
    dino, clip, tube = Dino().eval(), Clip().eval(), Video().eval()
    half = nn.Sequential(nn.Conv2d(3, SIZE, 8, stride=8), nn.ReLU(), nn.Flatten()).eval()
    with torch.no_grad():
        hidden, pooled = dino(pixels)
        _, image, text = clip(ids, pixels, kept)
        expected = {
            "hidden": hidden,
            "pooled": pooled,
            "image": image,
            "text": text,
            "video": tube(video),
            "half": half(pixels),
        }
    np.savez(folder / "expected.npz", **{name: value.numpy() for name, value in expected.items()})

    hidden_names = ["last_hidden_state", "pooler_output"]
    export(dino, (pixels[:2],), folder / "dino.onnx", ["pixel_values"], hidden_names, "batch", True)
    # A batch that is fixed, of no round number.
    export(dino, (pixels[:14],), folder / "dino-14.onnx", ["pixel_values"], hidden_names, None, False)
    clip_names = ["input_ids", "pixel_values", "attention_mask"]
    clip_outputs = ["logits_per_image", "image_embeds", "text_embeds"]
    export(clip, (ids[:2], pixels[:2], kept[:2]), folder / "clip.onnx", clip_names, clip_outputs, "batch", False)
    export(clip.text, (ids[:2], kept[:2]), folder / "text.onnx", clip_names[::2], ["sentence_embedding"], "batch", True)
    export(tube, (video[:2],), folder / "video.onnx", ["pixel_values_videos"], ["features"], "batch", True)
    # Names as other frameworks have them, and one clip at once.
    export(ChannelsFirst(tube), (video[:1].transpose(1, 2),), folder / "video-ncthw.onnx", ["serve/clip.in:0"], ["serve/out.z:0"], None, False)
    export(half.half(), (pixels[:2].half(),), folder / "half.onnx", ["pixels"], ["z"], "batch", False)
    # As in training, which is what an export without model.eval() gives: the norm is over the batch.
    norm = nn.Sequential(nn.Conv2d(3, SIZE, 8, stride=8), nn.BatchNorm2d(SIZE), nn.ReLU(), nn.Flatten())
    keywords = {"training": torch.onnx.TrainingMode.TRAINING, "do_constant_folding": False, "opset_version": 18, "dynamo": False}
    names = {"input_names": ["pixels"], "output_names": ["z"], "dynamic_axes": {"pixels": {0: "batch"}, "z": {0: "batch"}}}
    torch.onnx.export(norm.train(), (pixels[:2],), folder / "training-mode.onnx", **names, **keywords)
    for path in folder.glob("*.onnx"):
        strip(path)
    model = onnx.load(folder / "dino.onnx")
    onnx.save(model, folder / "external.onnx", save_as_external_data=True, location="external.onnx.data", size_threshold=512)
    versions = {"torch": torch.__version__, "onnx": onnx.__version__, "numpy": np.__version__}
    (folder / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")


main(pathlib.Path(sys.argv[1]))
