"""The training step of preset `small` or `paper` in PyTorch, eager or compiled, for `npm run bench:step`: the same network, batch, loss and optimizer.

Reads one line of JSON from standard input ({"threads": 2, "preset": "small", "batch": 64, "warmup": 20}), then answers each line
"N" with the milliseconds of N steps, by the clock and of the processor, so that the sides can be run in turns.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

settings = json.loads(sys.stdin.readline())
torch.set_num_threads(settings["threads"])
torch.manual_seed(0)
batch = settings["batch"]


class SameConv(nn.Module):
    """TensorFlow's 'same' padding: the odd pixel goes to the end."""

    def __init__(self, inputs, outputs, kernel, stride, side):
        super().__init__()
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        self.padding = (total // 2, total - total // 2) * 2
        symmetric = self.padding[0] == self.padding[1]
        self.pad = None if symmetric else self.padding
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=self.padding[0] if symmetric else 0, bias=False)

    def forward(self, x):
        return self.conv(x if self.pad is None else F.pad(x, self.pad))


def perceptron(inputs, width, depth, outputs):
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(inputs, width), nn.LayerNorm(width), nn.Mish()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


class Block(nn.Module):
    def __init__(self, channels, stride, side):
        super().__init__()
        self.branch = nn.Sequential(
            SameConv(channels, channels, 3, stride, side), nn.BatchNorm2d(channels), nn.ReLU(),
            SameConv(channels, channels, 3, 1, side // stride), nn.BatchNorm2d(channels),
        )
        self.shortcut = (
            nn.Identity()
            if stride == 1
            else nn.Sequential(nn.Conv2d(channels, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))
        )

    def forward(self, x):
        return F.relu(self.branch(x) + self.shortcut(x))


def small_encoder():
    return nn.Sequential(
        SameConv(3, 24, 8, 4, 64), nn.BatchNorm2d(24), nn.ReLU(),
        SameConv(24, 24, 4, 2, 16), nn.BatchNorm2d(24), nn.ReLU(),
        nn.Flatten(), nn.Linear(24 * 8 * 8, 128, bias=False), nn.BatchNorm1d(128), nn.Mish(), nn.Linear(128, 64),
    )


def paper_encoder():
    layers, side = [SameConv(3, 32, 4, 2, 64), nn.BatchNorm2d(32), nn.ReLU()], 32
    for block in range(8):
        stride = 2 if block > 0 and block % 2 == 0 else 1
        layers.append(Block(32, stride, side))
        side //= stride
    return nn.Sequential(
        *layers,
        nn.Flatten(), nn.Linear(32 * side * side, 512, bias=False), nn.BatchNorm1d(512), nn.Mish(), nn.Linear(512, 256),
    )


is_paper = settings.get("preset") == "paper"
latent_size, width = (256, 512) if is_paper else (64, 256)
encoder = paper_encoder() if is_paper else small_encoder()
predictor = perceptron(latent_size + 2, width, 2, latent_size)
auxiliary = perceptron(latent_size, width, 1, 1)
if settings.get("channels_last"):
    encoder = encoder.to(memory_format=torch.channels_last)
parameters = [*encoder.parameters(), *predictor.parameters(), *auxiliary.parameters()]
optimizer = torch.optim.Adam(parameters, lr=3e-4 if is_paper else 8e-3, eps=1e-7, fused=True)

pixels = torch.randint(0, 256, (2 * batch, 3, 64, 64), dtype=torch.uint8)
if settings.get("channels_last"):
    pixels = pixels.to(memory_format=torch.channels_last)
actions = F.one_hot(torch.randint(0, 2, (batch,)), 2).float()
targets = torch.randint(0, 2, (2 * batch, 1)).float()


def loss_of(pixels, actions, targets):
    latents = encoder(pixels.float() / 255)
    latent, following = latents[:batch], latents[batch:]
    predicted = predictor(torch.cat([latent, actions], dim=1))
    dynamics = F.mse_loss(predicted, following)
    return 2 * dynamics + 10 * F.binary_cross_entropy_with_logits(auxiliary(latents), targets)


if settings.get("compile"):
    loss_of = torch.compile(loss_of)


def step():
    loss = loss_of(pixels, actions, targets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()


for _ in range(settings.get("warmup", 20)):
    step()
print(json.dumps({"torch": torch.__version__, "parameters": sum(p.numel() for p in parameters)}), flush=True)
for line in sys.stdin:
    count = int(line)
    start, used = time.perf_counter(), time.process_time()
    for _ in range(count):
        step()
    print((time.perf_counter() - start) * 1000, (time.process_time() - used) * 1000, flush=True)
