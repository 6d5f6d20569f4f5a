#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes ecapa.safetensors: SpeechBrain's ECAPA-TDNN with random weights, in one file.

Usage: make_ecapa.py FOLDER, with embedding_model.ckpt (a state dict), eval.safetensors (features and
embeddings in evaluation mode) and train.safetensors (one training step: embedding, gradients and running
statistics), all written by SpeechBrain itself. Tensors here: weights.*, eval.*, train.*.
"""
import json
import pathlib
import struct
import sys

import torch

folder = pathlib.Path(sys.argv[1])
tensors = {"weights." + k: (list(v.shape), v.float().numpy().tobytes())
           for k, v in torch.load(folder / "embedding_model.ckpt").items() if v.dim() > 0}
for part in ("eval", "train"):
    data = (folder / f"{part}.safetensors").read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    for name, entry in json.loads(data[8:8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[f"{part}.{name}"] = (entry["shape"], data[8 + size + begin:8 + size + end])
header, at = {}, 0
for name in sorted(tensors):
    shape, data = tensors[name]
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
    at += len(data)
text = json.dumps(header).encode()
text += b" " * (-(8 + len(text)) % 64)
pathlib.Path(__file__).with_name("ecapa.safetensors").write_bytes(
    struct.pack("<Q", len(text)) + text + b"".join(tensors[name][1] for name in sorted(tensors)))
