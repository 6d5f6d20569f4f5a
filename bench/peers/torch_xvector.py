#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""x-vector TDNN on torch.nn: a training step (batch 16 x 2 s), batch-hard triplet, Adam, milliseconds.

usage: OPENBLAS_NUM_THREADS=1 torch_xvector.py [--threads 1] [--repeat 5] [--bf16]
The layers are those of Twinear's: five convolutions with batch norm and ReLU (kernels 5, 3, 3, 1, 1;
dilations 1, 2, 3, 1, 1), mean and deviation, batch norm, two linear layers, the unit sphere.
"""
import argparse
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

arguments = argparse.ArgumentParser()
arguments.add_argument("--threads", type=int, default=1)
arguments.add_argument("--repeat", type=int, default=5)
arguments.add_argument("--bf16", action="store_true")
a = arguments.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(0)
torch.set_flush_denormal(True)


class Xvector(nn.Module):
    def __init__(self, bins=80, channels=512, pooled=1500, embedding=192):
        super().__init__()
        layers, width = [], bins
        for out, kernel, dilation in ((channels, 5, 1), (channels, 3, 2), (channels, 3, 3),
                                      (channels, 1, 1), (pooled, 1, 1)):
            layers += [nn.Conv1d(width, out, kernel, dilation=dilation,
                                 padding=dilation * (kernel // 2), bias=False),
                       nn.BatchNorm1d(out), nn.ReLU(inplace=True)]
            width = out
        self.frames = nn.Sequential(*layers)
        self.segment = nn.Sequential(nn.BatchNorm1d(2 * pooled),
                                     nn.Linear(2 * pooled, channels, bias=False),
                                     nn.BatchNorm1d(channels), nn.ReLU(),
                                     nn.Linear(channels, embedding))

    def forward(self, x):
        h = self.frames(x)
        mean = h.mean(2)
        deviation = ((h * h).mean(2) - mean * mean).clamp_min(1e-5).sqrt()
        return F.normalize(self.segment(torch.cat([mean, deviation], 1)).float())


def batch_hard(e, labels, margin=0.3):
    distance = (2 - 2 * e @ e.t()).clamp_min(1e-12).sqrt()
    same = labels[:, None] == labels[None]
    return F.relu((distance * same).max(1)[0] - (distance + 1e3 * same).min(1)[0] + margin).mean()


net = Xvector().train()
try:
    adam = torch.optim.Adam(net.parameters(), 1e-5, foreach=True)
except TypeError:
    adam = torch.optim.Adam(net.parameters(), 1e-5)
x, labels = torch.randn(16, 80, 200), torch.arange(16) // 4


def step():
    adam.zero_grad(set_to_none=True)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.bf16):
        embeddings = net(x)
    batch_hard(embeddings, labels).backward()
    adam.step()


step()
step()
times = []
for _ in range(a.repeat):
    start = time.perf_counter()
    step()
    times.append((time.perf_counter() - start) * 1e3)
print(f"x-vector train step b16 2 s{' bf16' if a.bf16 else ''} threads {a.threads}: "
      f"median {statistics.median(times):8.2f} ms  min {min(times):8.2f}")
