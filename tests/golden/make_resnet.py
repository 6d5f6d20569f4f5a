#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes resnet.json: one training step of a small residual encoder by PyTorch, in float32.

Keys are those of a Twinear model file. Needs python3-torch; the tests read only the result.
"""
import json
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)
stages, blocks, bins, dimension = [6, 8], 2, 5, 4
layers = {}


def normed(name, width, out, kernel, stride):
    layers[f"{name}.conv"] = nn.Conv1d(width, out, kernel, stride, kernel // 2, bias=False)
    layers[f"{name}.norm"] = nn.BatchNorm1d(out)


normed("stem", bins, stages[0], 5, 1)
plan, width = [], stages[0]
for s, out in enumerate(stages, 1):
    for b in range(1, blocks + 1):
        name, stride = f"stage{s}.{b}", 2 if s > 1 and b == 1 else 1
        skips = width != out or stride != 1
        if skips:
            normed(f"{name}.skip", width, out, 1, stride)
        normed(f"{name}.first", width, out, 3, stride)
        normed(f"{name}.second", out, out, 3, 1)
        plan.append((name, skips))
        width = out
layers["pooled_norm"] = nn.BatchNorm1d(2 * width)
layers["projection"] = nn.Linear(2 * width, dimension)
with torch.no_grad():
    for name, layer in layers.items():
        if "norm" in name:
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.normal_(0, 0.3)

x = torch.randn(10, 15, bins)
weights_of_loss = torch.randn(10, dimension)
state = lambda: {f"{n}.{k}": v.flatten().tolist() for n, layer in layers.items()
                 for k, v in layer.state_dict().items() if k != "num_batches_tracked"}
before = state()
apply = lambda name, h: layers[f"{name}.norm"](layers[f"{name}.conv"](h))
h = F.relu(apply("stem", x.transpose(1, 2)))
for name, skips in plan:
    skip = apply(f"{name}.skip", h) if skips else h
    h = F.relu(apply(f"{name}.second", F.relu(apply(f"{name}.first", h))) + skip)
mean = h.mean(2)
deviation = ((h - mean[:, :, None]) ** 2).mean(2).clamp_min(1e-5).sqrt()
y = F.normalize(layers["projection"](layers["pooled_norm"](torch.cat([mean, deviation], 1))))
(y * weights_of_loss).sum().backward()
gradients = {f"{n}.{k}": p.grad.flatten().tolist() for n, layer in layers.items()
             for k, p in layer.named_parameters()}
pathlib.Path(__file__).with_name("resnet.json").write_text(json.dumps({
    "features": x.flatten().tolist(), "weights": before, "embeddings": y.flatten().tolist(),
    "weights_of_loss": weights_of_loss.flatten().tolist(), "gradients": gradients,
    "after": {k: v for k, v in state().items() if "running" in k}}))
