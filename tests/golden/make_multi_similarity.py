#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes multi_similarity.json: the multi-similarity loss of Wang et al. (2019), equations 12 to 15, in
double, pair by pair. Gradients are by complex steps: f'(x) = Im f(x + ih) / h, exact to the last digits.

    tests/golden/make_multi_similarity.py > tests/golden/multi_similarity.json
"""
import json

import numpy as np


def loss(x, labels, alpha, beta, lam, epsilon):
    unit = x / np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    total = 0
    for i in range(len(x)):
        s = unit @ unit[i]
        same = [k for k in range(len(x)) if k != i and labels[k] == labels[i]]
        other = [k for k in range(len(x)) if labels[k] != labels[i]]
        positives = [k for k in same if s[k].real < max(s[j].real for j in other) + epsilon]
        negatives = [k for k in other if s[k].real > min(s[j].real for j in same) - epsilon]
        total += np.log(1 + sum(np.exp(-alpha * (s[k] - lam)) for k in positives)) / alpha
        total += np.log(1 + sum(np.exp(beta * (s[k] - lam)) for k in negatives)) / beta
    return total / len(x)


def gradient(x, *rest):
    g = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[at] += 1e-30j
        g[at] = loss(moved, *rest).imag / 1e-30
    return g


rng = np.random.default_rng(4)
labels = [0, 2, 1, 1, 0, 2, 2, 1, 0, 0]
x = rng.normal(size=(10, 5)).astype(np.float32).astype(float)
cases = []
for alpha, beta, lam, epsilon in [(2, 50, 0.5, 0.1), (2, 50, 1, 0.1), (1, 4, 0.25, 0.5)]:
    options = (labels, alpha, beta, lam, epsilon)
    cases.append({"alpha": alpha, "beta": beta, "lambda": lam, "epsilon": epsilon,
                  "value": loss(x, *options), "gradient": gradient(x, *options).tolist()})
print(json.dumps({"x": x.tolist(), "labels": labels, "cases": cases}, indent=0))
