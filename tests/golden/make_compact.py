#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes compact.json: one training step of a small compact encoder by PyTorch, in float32.

Keys are those of a Twinear model file. Needs python3-torch; the tests read only the result.
"""
import json
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(3)
channels, strides, bins, dimension = [8, 12, 10], [1, 2, 1], 6, 5
layers, width = {}, bins
for i, (out, stride) in enumerate(zip(channels, strides), 1):
    kernel = 5 if i == 1 else 3
    layers[f"conv{i}"] = nn.Conv1d(width, out, kernel, stride, kernel // 2, bias=False)
    layers[f"norm{i}"] = nn.BatchNorm1d(out)
    width = out
layers["pooled_norm"] = nn.BatchNorm1d(2 * width)
layers["projection"] = nn.Linear(2 * width, dimension)
with torch.no_grad():
    for name, layer in layers.items():
        if "norm" in name:
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.normal_(0, 0.3)

x = torch.randn(10, 21, bins)
weights_of_loss = torch.randn(10, dimension)
state = lambda: {f"{n}.{k}": v.flatten().tolist() for n, layer in layers.items()
                 for k, v in layer.state_dict().items() if k != "num_batches_tracked"}
before = state()
h = x.transpose(1, 2)
for i in range(1, 4):
    h = F.relu(layers[f"norm{i}"](layers[f"conv{i}"](h)))
mean = h.mean(2)
deviation = ((h - mean[:, :, None]) ** 2).mean(2).clamp_min(1e-5).sqrt()
y = F.normalize(layers["projection"](layers["pooled_norm"](torch.cat([mean, deviation], 1))))
(y * weights_of_loss).sum().backward()
gradients = {f"{n}.{k}": p.grad.flatten().tolist() for n, layer in layers.items()
             for k, p in layer.named_parameters()}
pathlib.Path(__file__).with_name("compact.json").write_text(json.dumps({
    "features": x.flatten().tolist(), "weights": before, "embeddings": y.flatten().tolist(),
    "weights_of_loss": weights_of_loss.flatten().tolist(), "gradients": gradients,
    "after": {k: v for k, v in state().items() if "running" in k}}))
