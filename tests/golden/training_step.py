# SPDX-License-Identifier: Apache-2.0
"""What make_compact.py and make_resnet.py share: one training step by PyTorch, in float32, of layers over time whose output
is pooled to mean and deviation, normed, projected and put on the unit sphere."""
import json

import torch
import torch.nn as nn
import torch.nn.functional as F


def write(path, layers, over_time, frames, bins, width, dimension):
    """Adds to `layers` what follows `over_time`, which maps clips x bins x frames to `width` channels; steps; writes."""
    layers["pooled_norm"] = nn.BatchNorm1d(2 * width)
    layers["projection"] = nn.Linear(2 * width, dimension)
    with torch.no_grad():
        for name, layer in layers.items():
            if "norm" in name:
                layer.weight.uniform_(0.5, 1.5)
                layer.bias.normal_(0, 0.3)

    x = torch.randn(10, frames, bins)
    weights_of_loss = torch.randn(10, dimension)
    state = lambda: {f"{n}.{k}": v.flatten().tolist() for n, layer in layers.items()
                     for k, v in layer.state_dict().items() if k != "num_batches_tracked"}
    before = state()
    h = over_time(x.transpose(1, 2))
    mean = h.mean(2)
    deviation = ((h - mean[:, :, None]) ** 2).mean(2).clamp_min(1e-5).sqrt()
    y = F.normalize(layers["projection"](layers["pooled_norm"](torch.cat([mean, deviation], 1))))
    (y * weights_of_loss).sum().backward()
    gradients = {f"{n}.{k}": p.grad.flatten().tolist() for n, layer in layers.items()
                 for k, p in layer.named_parameters()}
    path.write_text(json.dumps({
        "features": x.flatten().tolist(), "weights": before, "embeddings": y.flatten().tolist(),
        "weights_of_loss": weights_of_loss.flatten().tolist(), "gradients": gradients,
        "after": {k: v for k, v in state().items() if "running" in k}}))
