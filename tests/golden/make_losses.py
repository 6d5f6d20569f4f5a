#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes losses.json: values and gradients of the losses, by PyTorch's autograd in float64.

Input: raw (not normalized) embeddings x, labels y. Each loss normalizes the rows itself, so the gradient is with
respect to the raw rows.
"""
import json, pathlib, torch
import torch.nn.functional as F
torch.set_default_dtype(torch.float64)

def dist(e):
    d2 = ((e[:, None] - e[None]) ** 2).sum(-1)
    return torch.sqrt(d2.clamp_min(0) + 1e-12)

def pairs(y):
    n = len(y); return [(i, j) for i in range(n) for j in range(i + 1, n)]

def contrastive(e, y, m):
    d = dist(e); t = [0.5 * d[i, j] ** 2 if y[i] == y[j] else 0.5 * F.relu(m - d[i, j]) ** 2 for i, j in pairs(y)]
    return torch.stack(t).mean()

def triplets(y):
    n = len(y)
    return [(a, p, k) for a in range(n) for p in range(n) if p != a and y[p] == y[a] for k in range(n) if y[k] != y[a]]

def batch_hard(e, y, m=None, squared=False):
    d = dist(e); d = d ** 2 if squared else d; t = []
    for a in range(len(y)):
        p = max(d[a, j] for j in range(len(y)) if j != a and y[j] == y[a]); n = min(d[a, j] for j in range(len(y)) if y[j] != y[a])
        t.append(F.softplus(p - n) if m is None else F.relu(p - n + m))
    return torch.stack(t).mean()

def batch_all(e, y, m, nonzero):
    d = dist(e); t = torch.stack([F.relu(d[a, p] - d[a, n] + m) for a, p, n in triplets(y)])
    return t.sum() / (t > 0).sum() if nonzero else t.mean()

def semi_hard(e, y, m):
    d = dist(e); t = []
    for a in range(len(y)):
        for p in range(len(y)):
            if p == a or y[p] != y[a]: continue
            c = [d[a, n] for n in range(len(y)) if y[n] != y[a] and d[a, p] < d[a, n] < d[a, p] + m]
            if c: t.append(F.relu(d[a, p] - min(c) + m))
    return torch.stack(t).mean() if t else e.sum() * 0

def groups(y):
    return {c: [i for i in range(len(y)) if y[i] == c] for c in sorted(set(y))}

def angular_prototypical(e, y, w, b):
    g = list(groups(y).values()); q = torch.stack([e[r[0]] for r in g]); p = torch.stack([e[r[1:]].mean(0) for r in g])
    s = w * F.normalize(q) @ F.normalize(p).T + b
    return F.cross_entropy(s, torch.arange(len(g)))

def ge2e(e, y, w, b):
    g = list(groups(y).values()); t = []
    for j, r in enumerate(g):
        for i in r:
            c = torch.stack([e[[k for k in q if k != i]].mean(0) if jj == j else e[q].mean(0) for jj, q in enumerate(g)])
            t.append(F.cross_entropy((w * F.normalize(e[i:i + 1]) @ F.normalize(c).T + b), torch.tensor([j])))
    return torch.stack(t).mean()

def supcon(e, y, tau):
    s = e @ e.T / tau; t = []
    for i in range(len(y)):
        o = [a for a in range(len(y)) if a != i]; l = torch.logsumexp(s[i, o], 0); P = [p for p in o if y[p] == y[i]]
        t.append(-torch.stack([s[i, p] - l for p in P]).mean())
    return torch.stack(t).mean()

def aam(e, y, W, m, s):
    c = (e @ F.normalize(W).T).clamp(-1 + 1e-12, 1 - 1e-12); k = torch.tensor([sorted(set(y)).index(v) for v in y])
    t = c.gather(1, k[:, None]); phi = torch.cos(torch.acos(t) + m)
    th, mm = torch.cos(torch.tensor(torch.pi - m)), torch.sin(torch.tensor(torch.pi - m)) * m
    phi = torch.where(t > th, phi, t - mm)
    return F.cross_entropy(s * c.scatter(1, k[:, None], phi), k)

def run(x, y, W=None):
    out = {}
    for name, f in {
        "contrastive margin=1": lambda e: contrastive(e, y, 1.0),
        "triplet batch_hard margin=0.5": lambda e: batch_hard(e, y, 0.5),
        "triplet batch_hard soft": lambda e: batch_hard(e, y),
        "triplet batch_hard margin=0.5 squared": lambda e: batch_hard(e, y, 0.5, True),
        "triplet batch_all margin=0.5 mean_over=all": lambda e: batch_all(e, y, 0.5, False),
        "triplet batch_all margin=0.5 mean_over=nonzero": lambda e: batch_all(e, y, 0.5, True),
        "triplet semi_hard margin=0.5": lambda e: semi_hard(e, y, 0.5),
        "angular_prototypical w=10 b=-5": lambda e: angular_prototypical(e, y, 10.0, -5.0),
        "ge2e w=10 b=-5": lambda e: ge2e(e, y, 10.0, -5.0),
        "supcon tau=0.1": lambda e: supcon(e, y, 0.1),
        **({"aam margin=0.2 scale=30": lambda e: aam(e, y, W, 0.2, 30.0)} if W is not None else {}),
    }.items():
        v = x.clone().requires_grad_(True); l = f(F.normalize(v)); l.backward()
        out[name] = {"value": l.item(), "gradient": v.grad.tolist()}
    return out

small = torch.tensor([[0, .3, -.27], [-.89, -.45, -.99], [.06, 1.34, -.49], [-.62, .49, .36], [.11, -.93, -.03], [.1, .37, -.14]])
ys = [0, 0, 1, 1, 2, 2]
g = torch.Generator().manual_seed(5); y = [c for c in range(6) for _ in range(4)]
x = torch.randn(24, 16, generator=g) + torch.randn(6, 16, generator=g).repeat_interleave(4, 0); W = torch.randn(6, 16, generator=g)
x[3] = x[2]  # two identical embeddings of one label: a distance of exactly zero
doc = {"small": {"x": small.tolist(), "y": ys, "losses": run(small, ys)},
       "batch": {"x": x.tolist(), "y": y, "aam_weights": W.tolist(), "losses": run(x, y, W)}}
(pathlib.Path(__file__).resolve().parent / "losses.json").write_text(json.dumps(doc))
for k in doc: print(k, {n: round(v["value"], 6) for n, v in doc[k]["losses"].items()})
