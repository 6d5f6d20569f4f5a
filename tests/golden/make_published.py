#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes published/: checkpoints by torch.save of small encoders with random weights, in the words of WeSpeaker and
SpeechBrain, and what each gives in evaluation mode (NAME.safetensors: features_N [N, bins] and embedding_N).

  wespeaker_ecapa       wespeaker/models/ecapa_tdnn.py with ASTP of pooling_layers.py
  wespeaker_ecapa_glob  the same with global_context_att and emb_bn, and a classifier as a training run saves it
  speechbrain_xvector   speechbrain/lobes/models/Xvector.py; the random part of its pooling at its mean, 5e-5
  kinds                 tensors of every number type and layout; no encoder
  calls_system          a state dict one of whose values would run a command if it were unpickled

speechbrain_ecapa.ckpt was written by SpeechBrain itself; what it gives is in ../ecapa.safetensors.
"""
import collections
import json
import os
import pathlib
import struct

import torch
import torch.nn as nn
import torch.nn.functional as F

folder = pathlib.Path(__file__).with_name("published")
folder.mkdir(exist_ok=True)


class ConvReluBn(nn.Module):
    def __init__(self, inputs, outputs, kernel=1, padding=0):
        super().__init__()
        self.conv, self.bn = nn.Conv1d(inputs, outputs, kernel, padding=padding), nn.BatchNorm1d(outputs)

    def forward(self, x):
        return self.bn(F.relu(self.conv(x)))


class Res2(nn.Module):
    def __init__(self, channels, dilation, scale=8):
        super().__init__()
        self.width = channels // scale
        self.convs = nn.ModuleList(nn.Conv1d(self.width, self.width, 3, padding=dilation, dilation=dilation)
                                   for _ in range(scale - 1))
        self.bns = nn.ModuleList(nn.BatchNorm1d(self.width) for _ in range(scale - 1))

    def forward(self, x):
        chunks, out, last = x.split(self.width, 1), [], 0
        for chunk, conv, bn in zip(chunks, self.convs, self.bns):
            last = bn(F.relu(conv(last + chunk)))
            out.append(last)
        return torch.cat([*out, chunks[-1]], 1)


class SqueezeExcite(nn.Module):
    def __init__(self, channels, bottleneck):
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(channels, bottleneck), nn.Linear(bottleneck, channels)

    def forward(self, x):
        return x * torch.sigmoid(self.linear2(F.relu(self.linear1(x.mean(2)))))[:, :, None]


class Block(nn.Module):
    def __init__(self, channels, dilation, bottleneck):
        super().__init__()
        self.se_res2block = nn.Sequential(ConvReluBn(channels, channels), Res2(channels, dilation),
                                          ConvReluBn(channels, channels), SqueezeExcite(channels, bottleneck))

    def forward(self, x):
        return x + self.se_res2block(x)


class Pool(nn.Module):
    def __init__(self, channels, bottleneck, context):
        super().__init__()
        self.context = context
        self.linear1 = nn.Conv1d(channels * (3 if context else 1), bottleneck, 1)
        self.linear2 = nn.Conv1d(bottleneck, channels, 1)

    def forward(self, x):
        seen = x
        if self.context:
            mean, std = x.mean(2, keepdim=True), (x.var(2, keepdim=True) + 1e-7).sqrt()
            seen = torch.cat([x, mean.expand_as(x), std.expand_as(x)], 1)
        a = torch.softmax(self.linear2(torch.tanh(self.linear1(seen))), 2)
        mean = (a * x).sum(2)
        return torch.cat([mean, ((a * x ** 2).sum(2) - mean ** 2).clamp(min=1e-7).sqrt()], 1)


class WespeakerEcapa(nn.Module):
    def __init__(self, bins=20, channels=16, aggregated=24, bottleneck=8, embedding=12, context=False, norm=False):
        super().__init__()
        self.layer1 = ConvReluBn(bins, channels, 5, 2)
        self.layer2, self.layer3, self.layer4 = (Block(channels, d, bottleneck) for d in (2, 3, 4))
        self.conv = nn.Conv1d(3 * channels, aggregated, 1)
        self.pool = Pool(aggregated, bottleneck, context)
        self.bn, self.linear = nn.BatchNorm1d(2 * aggregated), nn.Linear(2 * aggregated, embedding)
        self.bn2 = nn.BatchNorm1d(embedding) if norm else nn.Identity()

    def forward(self, x):
        one = self.layer1(x.transpose(1, 2))
        two = self.layer2(one)
        three = self.layer3(two)
        x = F.relu(self.conv(torch.cat([two, three, self.layer4(three)], 1)))
        return self.bn2(self.linear(self.bn(self.pool(x))))


class Inner(nn.Module):
    """SpeechBrain wraps each layer of PyTorch in one of its own."""
    def __init__(self, name, layer):
        super().__init__()
        self.add_module(name, layer)

    def forward(self, x):
        return next(self.children())(x)


class Padded(Inner):
    def forward(self, x):
        margin = self.conv.dilation[0] * (self.conv.kernel_size[0] - 1) // 2
        return self.conv(F.pad(x, (margin, margin), mode="reflect") if margin else x)


class Statistics(nn.Module):
    def forward(self, x):
        return torch.cat([x.mean(2) + 5e-5, x.std(2) + 1e-5], 1)


class SpeechbrainXvector(nn.Module):
    def __init__(self, bins=16, channels=(12, 12, 12, 12, 20), embedding=10):
        super().__init__()
        self.blocks = nn.ModuleList()
        for out, kernel, dilation in zip(channels, (5, 3, 3, 1, 1), (1, 2, 3, 1, 1)):
            self.blocks.extend([Padded("conv", nn.Conv1d(bins, out, kernel, dilation=dilation)), nn.LeakyReLU(),
                                Inner("norm", nn.BatchNorm1d(out))])
            bins = out
        self.blocks.extend([Statistics(), Inner("w", nn.Linear(2 * bins, embedding))])

    def forward(self, x):
        x = x.transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        return x


def write_safetensors(path, tensors):
    header, at = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + 4 * tensor.numel()]}
        at += 4 * tensor.numel()
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    path.write_bytes(struct.pack("<Q", len(text)) + text +
                     b"".join(t.contiguous().numpy().tobytes() for t in tensors.values()))


def publish(name, model, bins, beside={}):
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.3)
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
        model.eval()
        out = {}
        for frames in (12, 50, 131):
            x = torch.randn(1, frames, bins)
            out[f"features_{frames}"], out[f"embedding_{frames}"] = x[0], model(x)[0]
    state = model.state_dict()
    state.update(beside)
    torch.save(state, folder / f"{name}.ckpt")
    write_safetensors(folder / f"{name}.safetensors", out)


class Command:
    def __reduce__(self):
        return os.system, ("touch called",)


torch.manual_seed(6)
publish("wespeaker_ecapa", WespeakerEcapa(), 20)
publish("wespeaker_ecapa_glob", WespeakerEcapa(context=True, norm=True), 20, {"projection.weight": torch.randn(5, 12)})
publish("speechbrain_xvector", SpeechbrainXvector(), 16)
numbers = torch.arange(-6, 6).float().reshape(3, 4) / 8  # all exact, also in bfloat16
torch.save(collections.OrderedDict(
    float=numbers, double=numbers.double(), half=numbers.half(), bfloat16=numbers.bfloat16(),
    transposed=numbers.t(), tail=numbers[1:], column=numbers[:, 2], parameter=nn.Parameter(numbers),
    scalar=torch.tensor(0.5), empty=torch.zeros(0, 3), whole=torch.arange(3),
    tiny=torch.tensor([2 ** -24, -(2 ** -14), 65504, float("inf")]).half()), folder / "kinds.ckpt")
torch.save({"weight": Command()}, folder / "calls_system.ckpt")
