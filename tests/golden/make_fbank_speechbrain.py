#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes fbank_speechbrain.json: rows of SpeechBrain's own features of the golden signal, before and
after its sentence mean.

Usage: make_fbank_speechbrain.py FILE > fbank_speechbrain.json, where FILE is a .safetensors with
`log_mel` (Fbank with 80 bands, n_fft 400) and `sentence_mean_removed` (InputNormalization), float32.
"""
import json
import struct
import sys

data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header, data = json.loads(data[8:8 + size]), data[8 + size:]
rows = {}
for name in ("log_mel", "sentence_mean_removed"):
    frames, bands = header[name]["shape"]
    values = struct.unpack(f"<{frames * bands}f", data[slice(*header[name]["data_offsets"])])
    rows[name] = {str(t): [float(f"{v:.8g}") for v in values[t * bands:(t + 1) * bands]]
                  for t in (0, 1, 2, 50, frames - 2, frames - 1)}
json.dump({"frames": frames} | rows, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
