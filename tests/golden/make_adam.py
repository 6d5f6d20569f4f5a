#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes adam.json: three steps of torch.optim.Adam and AdamW on given gradients."""
import json
import pathlib

import torch

torch.manual_seed(1)
start, gradients = torch.randn(12), [torch.randn(12) for _ in range(3)]
doc = {"start": start.tolist(), "gradients": [g.tolist() for g in gradients]}
for name, kind in (("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)):
    w = start.clone().requires_grad_(True)
    optimizer = kind([w], lr=0.01, weight_decay=0.1)
    for g in gradients:
        w.grad = g.clone()
        optimizer.step()
    doc[name] = w.tolist()
pathlib.Path(__file__).with_name("adam.json").write_text(json.dumps(doc))
