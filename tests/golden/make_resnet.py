#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes resnet.json: one training step of a small residual encoder by PyTorch, in float32.

Keys are those of a Twinear model file. Needs python3-torch; the tests read only the result.
"""
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

import training_step

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
apply = lambda name, h: layers[f"{name}.norm"](layers[f"{name}.conv"](h))


def over_time(h):
    h = F.relu(apply("stem", h))
    for name, skips in plan:
        skip = apply(f"{name}.skip", h) if skips else h
        h = F.relu(apply(f"{name}.second", F.relu(apply(f"{name}.first", h))) + skip)
    return h


training_step.write(pathlib.Path(__file__).with_name("resnet.json"), layers, over_time, 15, bins, width, dimension)
