#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes fbank.json: Kaldi's filter banks in float64, straight from the definitions of
feature-window.cc, feature-fbank.cc, mel-computations.cc and feature-functions.cc.

Usage: tests/golden/make_fbank.py > tests/golden/fbank.json        (needs python3-numpy)
"""
import json
import math
import sys

import numpy as np

EPSILON = float(np.finfo(np.float32).eps)


def signal(count):
    """Two tones and noise of a linear congruential generator, 16-bit scale, float32."""
    state, samples = 12345, np.zeros(count, np.float32)
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        noise = (state >> 8) / 16777216.0 - 0.5
        tones = 0.3 * math.sin(2 * math.pi * 440 * i / 16000) + 0.2 * math.sin(
            2 * math.pi * 2500 * i / 16000)
        samples[i] = np.float32(32768.0 * (tones + 0.05 * noise))
    return samples.astype(np.float64)


def window(name, size):
    phase = 2 * np.pi * np.arange(size) / (size - 1)
    return {"povey": (0.5 - 0.5 * np.cos(phase)) ** 0.85, "hamming": 0.54 - 0.46 * np.cos(phase),
            "hann": 0.5 - 0.5 * np.cos(phase), "rectangular": np.ones(size)}[name]


def mel(hz):
    return 1127.0 * np.log(1.0 + hz / 700.0)


def bands(o, points):
    nyquist = o["sample_rate"] / 2
    high = o["high_hz"] if o["high_hz"] > 0 else nyquist + o["high_hz"]
    step = (mel(high) - mel(o["low_hz"])) / (o["mel_bins"] + 1)
    at = mel(np.arange(points // 2) * o["sample_rate"] / points)
    weights = np.zeros((o["mel_bins"], points // 2))
    for b in range(o["mel_bins"]):
        left = mel(o["low_hz"]) + b * step
        weights[b] = np.maximum(0, np.minimum(at - left, left + 2 * step - at) / step)
    return weights


def frames(x, o):
    size = int(o["sample_rate"] * 0.001 * o["window_ms"])
    hop = int(o["sample_rate"] * 0.001 * o["hop_ms"])
    if o["snip_edges"]:
        starts = [t * hop for t in range(1 + (len(x) - size) // hop)]
    else:
        starts = [t * hop + hop // 2 - size // 2 for t in range((len(x) + hop // 2) // hop)]
    mirrored = np.concatenate([x[::-1], x, x[::-1]])
    return np.array([mirrored[len(x) + s:len(x) + s + size] for s in starts])


def normalize(y, norm):
    if norm == "band":
        return y - y.mean(0)
    if norm == "level":
        return y - y.mean()
    if norm == "band-variance":
        return (y - y.mean(0)) / np.sqrt(np.maximum(y.var(0), 1e-10))
    if norm == "sliding":
        result = np.zeros_like(y)
        for t in range(len(y)):
            start, end = t - 150, t + 150
            if start < 0:
                start, end = 0, end - start
            if end > len(y):
                start, end = max(0, start - (end - len(y))), len(y)
            result[t] = y[t] - y[start:end].mean(0)
        return result
    return y


def fbank(x, o):
    f = frames(x, o)
    points = o["fft_size"] or 1 << (f.shape[1] - 1).bit_length()
    if o["remove_dc"]:
        f = f - f.mean(1, keepdims=True)
    f = f - o["preemphasis"] * np.concatenate([f[:, :1], f[:, :-1]], 1)
    spectrum = np.abs(np.fft.rfft(f * window(o["window"], f.shape[1]), points)) ** o["power"]
    energies = spectrum[:, :points // 2] @ bands(o, points).T
    if o["log"] == "natural":
        energies = np.log(np.maximum(energies, EPSILON))
    if o["log"] == "db":
        energies = (10 if o["power"] == 2 else 20) * np.log10(np.maximum(energies, 1e-10))
    return normalize(energies, o["norm"])


DEFAULTS = dict(sample_rate=16000, window_ms=25.0, hop_ms=10.0, window="povey", preemphasis=0.97,
                remove_dc=True, fft_size=0, mel_bins=80, low_hz=20.0, high_hz=0.0, snip_edges=True,
                power=2, log="natural", norm="none")
CASES = [
    ("kaldi", 16000, {}),
    ("hamming as in WeSpeaker", 16000, {"window": "hamming"}),
    ("hann", 16000, {"window": "hann"}),
    ("rectangular", 16000, {"window": "rectangular"}),
    ("frames centred", 16000, {"snip_edges": False}),
    ("upper edge below Nyquist as in sherpa", 16000, {"snip_edges": False, "high_hz": -400.0}),
    ("upper and lower edge", 16000, {"low_hz": 125.0, "high_hz": 7600.0}),
    ("neither mean nor pre-emphasis", 16000, {"remove_dc": False, "preemphasis": 0.0}),
    ("magnitudes", 16000, {"power": 1}),
    ("decibels", 16000, {"log": "db"}),
    ("decibels of magnitudes", 16000, {"log": "db", "power": 1}),
    ("energies", 16000, {"log": "none"}),
    ("40 bands", 16000, {"mel_bins": 40}),
    ("8 kHz", 16000, {"sample_rate": 8000, "mel_bins": 64}),
    ("44.1 kHz", 16000, {"sample_rate": 44100}),
    ("5 ms hops", 8000, {"hop_ms": 5.0}),
    ("hops without overlap", 16000, {"hop_ms": 30.0}),
    ("transform of 400", 16000, {"fft_size": 400, "mel_bins": 40}),
    ("transform of 500", 16000, {"fft_size": 500, "snip_edges": False}),
    ("transform of 1024", 16000, {"fft_size": 1024}),
    ("transform of 2048", 16000, {"fft_size": 2048}),
    ("mean of each band", 64000, {"norm": "band"}),
    ("mean of all bands", 64000, {"norm": "level"}),
    ("mean and deviation of each band", 64000, {"norm": "band-variance"}),
    ("sliding mean", 64000, {"norm": "sliding"}),
    ("sliding mean of a short clip", 16000, {"norm": "sliding"}),
]

cases = []
for name, samples, options in CASES:
    y = fbank(signal(samples), DEFAULTS | options)
    rows = sorted({0, 1, len(y) // 2, len(y) - 1})
    cases.append({"name": name, "samples": samples, "front_end": options, "frames": len(y),
                  "mean": float(y.mean()),
                  "rows": {str(t): [float(f"{v:.8g}") for v in y[t]] for t in rows}})
json.dump(cases, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
