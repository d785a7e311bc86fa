"""Small PyTorch encoders, briefly trained on drawn patterns, and the labelled images to judge them on, for `npm run bench:quantize`.

    python encoders.py FOLDER

Writes FOLDER/patterns.npz (image uint8 [N, 32, 32, 3], label int64 [N]: 6 patterns of bands, of any width, phase and colours) and
FOLDER/{resnet,mobilenet,vit}.onnx: [N, 3, 32, 32] float32 in 0..1 to a latent of 64 numbers, as torch.onnx.export writes them.
What is there already is kept, so that a run that was stopped goes on. On one core: three minutes, most of them for the transformer.
"""

import os
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

SIDE, CLASSES, LATENT = 32, 6, 64


def draw(count, seed):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    images = np.empty((count, SIDE, SIDE, 3), np.uint8)
    labels = np.arange(count) % CLASSES
    random.shuffle(labels)
    for n, label in enumerate(labels):
        width = random.uniform(2.5, 4)
        down, right = y + random.uniform(0, 16), x + random.uniform(0, 16)
        bands = lambda along: np.floor(along / width) % 2 == 0
        pattern = [
            bands(down),
            bands(right),
            bands((down + right) / np.sqrt(2)),
            bands((down - right) / np.sqrt(2) + 64),
            bands(down) ^ bands(right),
            bands(down) & bands(right),
        ][label]
        ground = random.uniform(0, 255, 3)
        ink = (ground + random.uniform(90, 165, 3)) % 255
        image = np.where(pattern[..., None], ink, ground) + random.normal(0, 8, (SIDE, SIDE, 3))
        images[n] = np.clip(image, 0, 255)
    return images, labels


class Residual(nn.Module):
    def __init__(self, inner, shortcut, end):
        super().__init__()
        self.inner, self.shortcut, self.end = inner, shortcut, end

    def forward(self, x):
        return self.end(self.inner(x) + self.shortcut(x))


def convolution(before, after, kernel=3, stride=1, groups=1, end=nn.Identity):
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(after), end()
    )


def resnet():
    def block(before, after, stride):
        inner = nn.Sequential(convolution(before, after, 3, stride, end=nn.ReLU), convolution(after, after))
        shortcut = nn.Identity() if before == after else convolution(before, after, 1, stride)
        return Residual(inner, shortcut, nn.ReLU())

    return nn.Sequential(
        convolution(3, 16, stride=2, end=nn.ReLU), block(16, 16, 1), block(16, 32, 2), block(32, 64, 2), block(64, 64, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, LATENT),
    )


def mobilenet():
    def block(before, after, stride):
        wide = 3 * before
        inner = nn.Sequential(
            convolution(before, wide, 1, end=nn.ReLU6),
            convolution(wide, wide, 3, stride, wide, nn.ReLU6),
            convolution(wide, after, 1),
        )
        return Residual(inner, nn.Identity(), nn.Identity()) if before == after and stride == 1 else inner

    return nn.Sequential(
        convolution(3, 16, end=nn.ReLU6), block(16, 24, 2), block(24, 24, 1), block(24, 40, 2), block(40, 40, 1),
        convolution(40, 128, 1, end=nn.ReLU6), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, LATENT),
    )


class Vit(nn.Module):
    def __init__(self, width=64, depth=3, patch=8):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.place = nn.Parameter(torch.randn(1, (SIDE // patch) ** 2, width) * 0.02)
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.end = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, LATENT))

    def forward(self, x):
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.place
        return self.end(self.blocks(tokens).mean(1))


def train(encoder, images, labels, steps, rate):
    head = nn.Linear(LATENT, CLASSES)
    parameters = [*encoder.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps)
    for step in range(steps):
        rows = torch.randint(len(images), (32,))
        loss = functional.cross_entropy(head(encoder(images[rows])), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
    return float(loss.detach())


def main(folder):
    torch.set_num_threads(1)
    os.makedirs(folder, exist_ok=True)
    judged = os.path.join(folder, "patterns.npz")
    if not os.path.exists(judged):
        images, labels = draw(6144, 2)
        np.savez(judged, image=images, label=labels)
    images, labels = draw(6144, 1)
    tensors = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255, torch.from_numpy(labels)
    # A transformer has to learn what a convolution has built in: more steps, smaller ones.
    for name, build, steps, rate in (("resnet", resnet, 150, 3e-3), ("mobilenet", mobilenet, 150, 3e-3), ("vit", Vit, 900, 1e-3)):
        path = os.path.join(folder, f"{name}.onnx")
        if os.path.exists(path):
            continue
        torch.manual_seed(0)
        encoder = build()
        loss = train(encoder, *tensors, steps, rate)
        encoder.eval()
        # The older exporter writes MatMul and Add where the newer one writes Gemm; both are met in the wild.
        is_newer = name == "mobilenet"
        axes = {"dynamic_shapes": ({0: torch.export.Dim("batch")},)} if is_newer else {
            "dynamic_axes": {"image": {0: "batch"}, "latent": {0: "batch"}}
        }
        torch.onnx.export(
            encoder, (tensors[0][:2],), path, input_names=["image"], output_names=["latent"], dynamo=is_newer,
            opset_version=18 if is_newer else 17, **({"external_data": False} if is_newer else {}), **axes,
        )
        print(f"{name}: loss {loss:.3f}, {os.path.getsize(path)} bytes", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
