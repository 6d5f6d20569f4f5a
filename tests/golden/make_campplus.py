#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what CAM++ gives for the features of campplus/, in PyTorch and double precision, into a folder.

  make_campplus.py FOLDER                  small_eval.safetensors and small_train.safetensors of campplus/small.pt
  make_campplus.py FOLDER CHECKPOINT       published.safetensors of the published campplus_cn_en_common.pt

The layers have 3D-Speaker's names. Features, weights of the loss and small.pt were drawn at random once; this computes
embeddings, gradients (of the sum of embeddings x weights, over the number of clips) and the running statistics after one
forward pass in training. Needs python3-torch; the tests read only the results.
"""
import json
import pathlib
import struct
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

goldens = pathlib.Path(__file__).with_name("campplus")
state = {}  # names to tensors
training = False


def read(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    table = json.loads(data[8:8 + length])
    return {name: torch.frombuffer(bytearray(data[8 + length:][slice(*t["data_offsets"])]), dtype=torch.float32)
            .reshape(t["shape"]).double() for name, t in table.items() if name != "__metadata__"}


def write(path, tensors):
    table, blob = {}, b""
    for name in sorted(tensors):
        values = tensors[name].detach().float().contiguous().numpy().tobytes()
        table[name] = {"dtype": "F32", "shape": list(tensors[name].shape),
                       "data_offsets": [len(blob), len(blob) + len(values)]}
        blob += values
    header = json.dumps(table).encode()
    header += b" " * (-len(header) % 8)  # data are aligned
    path.write_bytes(struct.pack("<Q", len(header)) + header + blob)


def norm(x, name):
    scale = state.get(name + ".weight"), state.get(name + ".bias")
    return F.batch_norm(x, state[name + ".running_mean"], state[name + ".running_var"], *scale, training)


def count(name):
    n = 0
    while any(key.startswith(name(n)) for key in state):
        n += 1
    return n


def front(x):
    def conv(h, name, bands=1, kernel=3):
        return F.conv2d(h, state[name + ".weight"], stride=(bands, 1), padding=kernel // 2)

    h = F.relu(norm(conv(x[:, None], "head.conv1"), "head.bn1"))
    for stage in ("head.layer1", "head.layer2"):
        for i in range(count(lambda n: f"{stage}.{n}.")):
            name, stride = f"{stage}.{i}", 2 if i == 0 else 1
            g = F.relu(norm(conv(h, name + ".conv1", stride), name + ".bn1"))
            g = norm(conv(g, name + ".conv2"), name + ".bn2")
            if i == 0:
                h = norm(conv(h, name + ".shortcut.0", stride, 1), name + ".shortcut.1")
            h = F.relu(g + h)
    h = F.relu(norm(conv(h, "head.conv2", 2), "head.bn2"))
    return h.flatten(1, 2)


def masked(x, name, dilation, segment=100):
    weight = state[name + ".linear_local.weight"]
    local = F.conv1d(x, weight, padding=dilation * (weight.shape[2] // 2), dilation=dilation)
    means = torch.cat([part.mean(2, keepdim=True).expand_as(part) for part in x.split(segment, 2)], 2)
    context = x.mean(2, keepdim=True) + means
    hidden = F.relu(F.conv1d(context, state[name + ".linear1.weight"], state[name + ".linear1.bias"]))
    return local * torch.sigmoid(F.conv1d(hidden, state[name + ".linear2.weight"], state[name + ".linear2.bias"]))


def embed(features):
    h = front(features.transpose(1, 2))
    weight = state["xvector.tdnn.linear.weight"]
    h = F.conv1d(h, weight, stride=2, padding=weight.shape[2] // 2)
    h = F.relu(norm(h, "xvector.tdnn.nonlinear.batchnorm"))
    for block in range(1, 1 + count(lambda n: f"xvector.block{n + 1}.")):
        for layer in range(1, 1 + count(lambda n: f"xvector.block{block}.tdnnd{n + 1}.")):
            name = f"xvector.block{block}.tdnnd{layer}"
            g = F.conv1d(F.relu(norm(h, name + ".nonlinear1.batchnorm")), state[name + ".linear1.weight"])
            g = F.relu(norm(g, name + ".nonlinear2.batchnorm"))
            h = torch.cat([h, masked(g, name + ".cam_layer", 1 if block == 1 else 2)], 1)
        name = f"xvector.transit{block}"
        h = F.conv1d(F.relu(norm(h, name + ".nonlinear.batchnorm")), state[name + ".linear.weight"])
    h = F.relu(norm(h, "xvector.out_nonlinear.batchnorm"))
    pooled = torch.cat([h.mean(2), h.std(2, unbiased=True)], 1)
    return norm(pooled @ state["xvector.dense.linear.weight"][:, :, 0].T, "xvector.dense.nonlinear.batchnorm")


def load(path):
    state.clear()
    for name, value in torch.load(path, map_location="cpu").items():
        if not name.endswith("num_batches_tracked"):
            state[name] = value.double()


def evaluate(given):
    for name, features in list(given.items()):
        if name.startswith("features_"):
            given["embedding_" + name[9:]] = embed(features[None])[0]
    return given


out = pathlib.Path(sys.argv[1])
if len(sys.argv) > 2:
    load(sys.argv[2])
    write(out / "published.safetensors", evaluate(read(goldens / "published.safetensors")))
    sys.exit()
load(goldens / "small.pt")
write(out / "small_eval.safetensors", evaluate(read(goldens / "small_eval.safetensors")))
given = read(goldens / "small_train.safetensors")
training = True
for name, value in state.items():
    value.requires_grad_("running" not in name)
result = {"features": given["features"], "weights": given["weights"], "embeddings": embed(given["features"])}
((result["embeddings"] * given["weights"]).sum() / len(given["features"])).backward()
for name, value in state.items():
    result[("after." if "running" in name else "grad.") + name] = value if "running" in name else value.grad
write(out / "small_train.safetensors", result)
