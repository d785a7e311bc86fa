"""Networks as PyTorch users write and export them, for `npm run bench:export`.

    python networks.py FOLDER

Writes FOLDER/<name>.onnx with torch.onnx.export and prints, as JSON, for each the version of PyTorch and the number of nodes.
The architectures are those of test/export/networks.ts and of the presets; the weights are random, since only time is compared.
"""

import json
import os
import sys

import onnx
import torch
from torch import nn


class SamePad(nn.Module):
    """TensorFlow's SAME for a stride of 2: the odd pixel goes to the end."""

    def __init__(self, kernel, stride, size):
        super().__init__()
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        self.pad = nn.ZeroPad2d((total // 2, total - total // 2) * 2)

    def forward(self, x):
        return self.pad(x)


def encoder():
    # 8x8 stride 4: blocks of pixels to depth and the first convolution, as one.
    return nn.Sequential(
        SamePad(8, 4, 64), nn.Conv2d(3, 24, 8, 4, bias=False), nn.BatchNorm2d(24), nn.ReLU(),
        SamePad(4, 2, 16), nn.Conv2d(24, 24, 4, 2, bias=False), nn.BatchNorm2d(24), nn.ReLU(),
        nn.Flatten(), nn.Linear(24 * 64, 128, bias=False), nn.BatchNorm1d(128), nn.Mish(), nn.Linear(128, 64),
    )


class Predictor(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(65, 256), nn.LayerNorm(256), nn.Mish(), nn.Linear(256, 256), nn.LayerNorm(256), nn.Mish(), nn.Linear(256, 64)
        )

    def forward(self, latent, action):
        return self.layers(torch.cat([latent, action], 1))


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride, projects):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(inputs, width, 1, stride), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, 4 * width, 1), nn.BatchNorm2d(4 * width),
        )
        self.short = nn.Sequential(nn.Conv2d(inputs, 4 * width, 1, stride), nn.BatchNorm2d(4 * width)) if projects else nn.Identity()
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.main(x) + self.short(x))


def resnet50():
    layers = [nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for width, repeats, stride in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]:
        for i in range(repeats):
            layers.append(Bottleneck(inputs, width, stride if i == 0 else 1, i == 0))
            inputs = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000), nn.Softmax(1))


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        wide = inputs * expansion
        layers = [nn.Conv2d(inputs, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU6()] if expansion > 1 else []
        # Keras pads (0, 1) before a stride of 2.
        if stride == 2:
            layers.append(nn.ZeroPad2d((0, 1, 0, 1)))
        layers += [nn.Conv2d(wide, wide, 3, stride, 0 if stride == 2 else 1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.ReLU6()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(wide, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.layers(x) if self.adds else self.layers(x)


def mobilenet():
    layers = [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 32, 3, 2, bias=False), nn.BatchNorm2d(32), nn.ReLU6()]
    inputs = 32
    for filters, repeats, stride, expansion in [(16, 1, 1, 1), (24, 2, 2, 6), (32, 3, 2, 6), (64, 4, 2, 6), (96, 3, 1, 6), (160, 3, 2, 6), (320, 1, 1, 6)]:
        for i in range(repeats):
            layers.append(Inverted(inputs, filters, stride if i == 0 else 1, expansion))
            inputs = filters
    layers += [nn.Conv2d(320, 1280, 1, bias=False), nn.BatchNorm2d(1280), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(1280, 1000), nn.Softmax(1))


class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(2000, 64)
        self.lstm = nn.LSTM(64, 64, num_layers=2, bidirectional=True)
        self.head = nn.Linear(128, 5)

    def forward(self, tokens):
        y, _ = self.lstm(self.embedding(tokens).transpose(0, 1))
        return torch.softmax(self.head(y.mean(0)), 1)


networks = {
    "encoder": (encoder, [torch.rand(64, 3, 64, 64)], ["x"]),
    "predictor": (Predictor, [torch.rand(64, 64), torch.rand(64, 1)], ["latent", "action"]),
    "resnet50": (resnet50, [torch.rand(1, 3, 224, 224)], ["x"]),
    "mobilenet": (mobilenet, [torch.rand(1, 3, 224, 224)], ["x"]),
    "text": (Text, [torch.randint(0, 2000, (8, 100))], ["x"]),
}

result = {}
for name, (build, inputs, names) in networks.items():
    torch.manual_seed(0)
    path = os.path.join(sys.argv[1], f"{name}.onnx")
    axes = {each: {0: "N"} for each in names}
    torch.onnx.export(build().eval(), tuple(inputs), path, input_names=names, output_names=["y"], dynamic_axes=axes, opset_version=17, dynamo=False)
    result[name] = {"torch": torch.__version__, "nodes": len(onnx.load(path).graph.node)}
print(json.dumps(result))
