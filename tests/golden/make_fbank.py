#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes fbank.json: filter banks in float64, straight from the definitions. Kaldi's are those of
feature-window.cc, feature-fbank.cc, mel-computations.cc and feature-functions.cc; torchaudio's of
MelSpectrogram and AmplitudeToDB; librosa's of melspectrogram and power_to_db; SpeechBrain's of Fbank.

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


def window(o, size):
    phase = 2 * np.pi * np.arange(size) / (size - (not o["periodic_window"]))
    return {"povey": (0.5 - 0.5 * np.cos(phase)) ** 0.85, "hamming": 0.54 - 0.46 * np.cos(phase),
            "hann": 0.5 - 0.5 * np.cos(phase), "rectangular": np.ones(size)}[o["window"]]


def mel(o, hz):
    hz = np.asarray(hz, float)
    if o["mel_scale"] == "htk":
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    return np.where(hz < 1000, 3 * hz / 200, 15 + 27 / np.log(6.4) * np.log(np.maximum(hz, 1) / 1000))


def hertz(o, mels):
    if o["mel_scale"] == "htk":
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    return np.where(mels < 15, 200 * mels / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))


def bands(o, points):
    nyquist = o["sample_rate"] / 2
    high = o["high_hz"] if o["high_hz"] > 0 else nyquist + o["high_hz"]
    edges = np.linspace(mel(o, o["low_hz"]), mel(o, high), o["mel_bins"] + 2)
    at = np.arange(points // 2 + 1) * o["sample_rate"] / points
    hz = hertz(o, edges)
    if o["filter_shape"] == "mel":
        at = mel(o, at)
    else:
        edges = hz
    weights = np.zeros((o["mel_bins"], len(at)))
    for b in range(o["mel_bins"]):
        left, peak, right = edges[b:b + 3]
        if o["filter_shape"] == "hz-symmetric":
            right = 2 * peak - left
        weights[b] = np.maximum(0, np.minimum((at - left) / (peak - left), (right - at) / (right - peak)))
        if o["area_norm"]:
            weights[b] *= 2 / (hz[b + 2] - hz[b])
    return weights


def frames(x, o, points):
    size = int(o["sample_rate"] * 0.001 * o["window_ms"])
    hop = int(o["sample_rate"] * 0.001 * o["hop_ms"])
    if o["snip_edges"]:
        starts = [t * hop for t in range(1 + (len(x) - size) // hop)]
    elif o["frame_alignment"] == "hop-middle":
        starts = [t * hop + hop // 2 - size // 2 for t in range((len(x) + hop // 2) // hop)]
    else:
        starts = [t * hop - points // 2 + (points - size) // 2 for t in range(1 + len(x) // hop)]
    mode = {"symmetric": "symmetric", "reflect": "reflect", "zero": "constant"}[o["padding"]]
    padded = np.pad(x, points, mode)
    return np.array([padded[points + s:points + s + size] for s in starts])


def sliding(y, o):
    """SlidingWindowCmnInternal of feature-functions.cc."""
    result = np.zeros_like(y)
    for t in range(len(y)):
        if o["sliding_centered"]:
            start = t - o["sliding_frames"] // 2
            end = start + o["sliding_frames"]
        else:
            start, end = t - o["sliding_frames"], t + 1
        if start < 0:
            start, end = 0, end - start
        if not o["sliding_centered"] and end > t:
            end = max(t + 1, o["sliding_min"])
        if end > len(y):
            start, end = max(0, start - (end - len(y))), len(y)
        seen = y[start:end]
        result[t] = y[t] - seen.mean(0)
        if o["sliding_variance"]:
            result[t] /= np.sqrt(np.maximum(seen.var(0), 1e-10))
            result[t] *= len(seen) > 1
    return result


def normalize(y, o):
    if o["top_db"] > 0:
        y = np.maximum(y, y.max() - o["top_db"])
    if o["norm"] == "band":
        return y - y.mean(0)
    if o["norm"] == "global":
        return y - y.mean()
    if o["norm"] == "per-bin-variance":
        return (y - y.mean(0)) / np.sqrt(np.maximum(y.var(0), 1e-10))
    return sliding(y, o) if o["norm"] == "sliding" else y


def fbank(x, o):
    points = o["fft_size"] or 1 << (int(o["sample_rate"] * 0.001 * o["window_ms"]) - 1).bit_length()
    f = frames(x * (o["scale"] / 32768.0), o, points)
    if o["remove_dc"]:
        f = f - f.mean(1, keepdims=True)
    f = f - o["preemphasis"] * np.concatenate([f[:, :1], f[:, :-1]], 1)
    spectrum = np.abs(np.fft.rfft(f * window(o, f.shape[1]), points)) ** o["power"]
    energies = spectrum @ bands(o, points).T
    if o["log"] == "natural":
        energies = np.log(np.maximum(energies, o["floor"] or EPSILON))
    if o["log"] == "db":
        energies = (10 if o["power"] == 2 else 20) * np.log10(np.maximum(energies, o["floor"] or 1e-10))
    return normalize(energies, o)


DEFAULTS = dict(sample_rate=16000, window_ms=25.0, hop_ms=10.0, window="povey", periodic_window=False,
                preemphasis=0.97, remove_dc=True, fft_size=0, mel_bins=80, low_hz=20.0, high_hz=0.0,
                mel_scale="htk", filter_shape="mel", area_norm=False, snip_edges=True,
                frame_alignment="hop-middle", padding="symmetric", scale=32768.0, power=2, log="natural",
                floor=0.0, top_db=0.0, norm="none", sliding_frames=300, sliding_centered=True,
                sliding_min=100, sliding_variance=False)
TORCHAUDIO = dict(window="hann", periodic_window=True, preemphasis=0.0, remove_dc=False, low_hz=0.0,
                  filter_shape="hz", snip_edges=False, frame_alignment="hop-start", padding="reflect",
                  scale=1.0, log="db")
LIBROSA = TORCHAUDIO | dict(mel_scale="slaney", area_norm=True, top_db=80.0)
SPEECHBRAIN = TORCHAUDIO | dict(window="hamming", fft_size=400, filter_shape="hz-symmetric",
                                padding="zero", top_db=80.0, norm="per-bin")
CASES = [
    ("kaldi", 16000, {}),
    ("hamming as in WeSpeaker", 16000, {"window": "hamming"}),
    ("hann", 16000, {"window": "hann"}),
    ("rectangular", 16000, {"window": "rectangular"}),
    ("frames centered", 16000, {"snip_edges": False}),
    ("upper edge below Nyquist as in sherpa", 16000, {"snip_edges": False, "high_hz": -400.0}),
    ("upper and lower edge", 16000, {"low_hz": 125.0, "high_hz": 7600.0}),
    ("neither mean nor pre-emphasis", 16000, {"remove_dc": False, "preemphasis": 0.0}),
    ("magnitudes", 16000, {"power": 1}),
    ("decibels", 16000, {"log": "db"}),
    ("decibels of magnitudes", 16000, {"log": "db", "power": 1}),
    ("energies", 16000, {"log": "none"}),
    ("40 bands", 16000, {"mel_bins": 40}),
    ("8 kHz", 16000, {"sample_rate": 8000, "mel_bins": 64}),
    ("22.05 kHz", 16000, {"sample_rate": 22050}),
    ("44.1 kHz", 16000, {"sample_rate": 44100}),
    ("48 kHz", 16000, {"sample_rate": 48000}),
    ("5 ms hops", 8000, {"hop_ms": 5.0}),
    ("hops without overlap", 16000, {"hop_ms": 30.0}),
    ("transform of 400", 16000, {"fft_size": 400, "mel_bins": 40}),
    ("transform of 441", 16000, {"fft_size": 441}),
    ("torchaudio with an odd transform", 16000, TORCHAUDIO | {"sample_rate": 44100, "fft_size": 1103}),
    ("transform of 500", 16000, {"fft_size": 500, "snip_edges": False}),
    ("transform of 1024", 16000, {"fft_size": 1024}),
    ("transform of 2048", 16000, {"fft_size": 2048}),
    ("mean of each band", 64000, {"norm": "per-bin"}),
    ("mean of all bands", 64000, {"norm": "global"}),
    ("mean and deviation of each band", 64000, {"norm": "per-bin-variance"}),
    ("sliding mean", 64000, {"norm": "sliding"}),
    ("sliding mean of a short clip", 16000, {"norm": "sliding"}),
    ("sliding mean and deviation", 64000, {"norm": "sliding", "sliding_variance": True}),
    ("sliding mean of the past", 64000, {"norm": "sliding", "sliding_centered": False}),
    ("sliding mean and deviation of the past", 64000, {
        "norm": "sliding", "sliding_centered": False, "sliding_frames": 50, "sliding_min": 20,
        "sliding_variance": True}),
    ("torchaudio", 16000, TORCHAUDIO),
    ("torchaudio at 8 kHz", 16000, TORCHAUDIO | {"sample_rate": 8000, "mel_bins": 40}),
    ("torchaudio at 22.05 kHz", 16000, TORCHAUDIO | {"sample_rate": 22050}),
    ("torchaudio's own sizes", 16000, TORCHAUDIO | {
        "hop_ms": 12.5, "fft_size": 400, "mel_bins": 128, "log": "none"}),
    ("librosa", 16000, LIBROSA),
    ("librosa at 44.1 kHz", 16000, LIBROSA | {"sample_rate": 44100, "mel_bins": 128}),
    ("librosa at 48 kHz", 16000, LIBROSA | {"sample_rate": 48000, "fft_size": 1200}),
    ("librosa since 0.10", 16000, LIBROSA | {"padding": "zero"}),
    ("speechbrain", 16000, SPEECHBRAIN),
    ("speechbrain at 8 kHz", 16000, SPEECHBRAIN | {"sample_rate": 8000, "mel_bins": 40}),
    ("speechbrain at 48 kHz", 16000, SPEECHBRAIN | {"sample_rate": 48000, "fft_size": 1200}),
    ("speechbrain without its mean", 16000, SPEECHBRAIN | {"norm": "none"}),
    ("natural log with a floor", 16000, {"floor": 1e6}),
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
