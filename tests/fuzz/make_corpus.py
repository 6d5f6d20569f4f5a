#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the files of corpus/TARGET/ that fuzzing starts from; files named by a hash were found by it."""
import json
import math
import pathlib
import sqlite3
import struct
import tempfile
import zipfile


def entry(dtype, shape, begin, end):
    return f'{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}'


def file(header, data=b"", length=None):
    return struct.pack("<Q", len(header) if length is None else length) + header.encode() + data


one = entry("F32", "[1]", 0, 4)
safetensors = {
    "empty": b"",
    "no_tensors": file("{}"),
    "two_tensors": file(
        f'{{"__metadata__":{{"format":"x"}},"a.weight":{one},"b":{entry("I64", "[2,1]", 4, 20)}}}  ',
        bytes(20)),
    "no_elements": file(f'{{"a":{entry("F16", "[0,3]", 0, 0)},"b":{one}}}', bytes(4)),
    "name_twice": file(f'{{"a":{one},"a":{one}}}', bytes(4)),
    "overlap": file(f'{{"a":{one},"b":{one}}}', bytes(4)),
    "gap": file(f'{{"a":{entry("F32", "[1]", 4, 8)}}}', bytes(8)),
    "shape_overflow": file(f'{{"a":{entry("F32", "[4294967296,4294967296]", 0, 0)}}}'),
    "offset_overflow": file(f'{{"a":{entry("F32", "[1]", 0, 2**64 - 1)}}}', bytes(4)),
    "float_offset": file(f'{{"a":{entry("F32", "[1]", 0, "1e300")}}}', bytes(4)),
    "long_header": file("{}", length=2**64 - 1),
    "cut_header": file(f'{{"a":{one}}}', bytes(4))[:30],
    "deep": file("[" * 3000),
}
here = pathlib.Path(__file__).resolve().parent
published = here.parent / "golden/published"
checkpoints = {name: (published / f"{name}.ckpt").read_bytes() for name in ("kinds", "calls_system")}
pickles = {name: zipfile.ZipFile(published / f"{name}.ckpt").read(f"{name}/data.pkl") for name in checkpoints}
pickles |= {
    "empty": b"",
    "every_number": b"\x80\x02(NK\x01M\x02\x00J\xff\xff\xff\xff\x8a\x02\x00\x80G" + struct.pack(">d", 0.5) +
                    b"\x88\x89X\x01\x00\x00\x00at.",
    "itself": b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.",
    "marks": b"\x80\x02" + b"(" * 100 + b"t" * 100 + b".",
    "list": b"\x80\x02](NNe}(NNu\x86.",
    "long_text": b"\x80\x02X\xff\xff\xff\xff",
    "recall": b"\x80\x02Nr\xff\xff\xff\xffj\xff\xff\xff\xff\x86.",
}
checkpoints |= {"empty": b"", "cut": checkpoints["kinds"][:-30]}


def wav(samples, kind=1, bits=16, channels=1, rate=16000, size=None, chunks=b""):
    fmt = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + chunks
    body += b"data" + struct.pack("<I", len(samples) if size is None else size) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def aiff(samples):
    comm = struct.pack(">hIh", 1, len(samples) // 2, 16) + b"\x40\x0c\xfa\0\0\0\0\0\0\0"  # 16 kHz as an 80-bit float
    ssnd = struct.pack(">II", 0, 0) + samples
    body = b"AIFFCOMM" + struct.pack(">I", len(comm)) + comm + b"SSND" + struct.pack(">I", len(ssnd)) + ssnd
    return b"FORM" + struct.pack(">I", len(body)) + body


tone = [0.5 * math.sin(0.3 * i) for i in range(200)]
whole = struct.pack("<200h", *(round(32767 * x) for x in tone))
floats = struct.pack("<200f", *tone)
audio = {
    "wav": wav(whole),
    "wav_floats": wav(floats, kind=3, bits=32),
    "wav_stereo": wav(whole, channels=2, rate=44100, chunks=b"LIST\x04\0\0\0abcd"),
    "wav_cut": wav(whole)[:-100],
    "wav_not_finite": wav(struct.pack("<2f", 0.5, math.nan), kind=3, bits=32),
    "wav_no_samples": wav(b""),
    "aiff": aiff(struct.pack(">200h", *(round(32767 * x) for x in tone))),
    "au": b".snd" + struct.pack(">IIIII", 24, 400, 3, 16000, 1) + whole,
    "text": b"no sound\n",
    "empty": b"",
}
pcm_stream = {
    "whole": b"\x00" + whole, "pieces": b"\x28" + whole, "floats": b"\x0f" + floats, "cut": b"\x02" + whole[:99],
    "wav": b"\x18" + wav(whole), "wav_floats": b"\x20" + wav(floats, kind=3, bits=32, channels=2),
    "wav_endless": b"\x30" + wav(whole, size=0xFFFFFFFF), "wav_rest": b"\x08" + wav(whole, size=100),
    "broken": b"\x01" + struct.pack("<4f", math.nan, 1e9, -math.inf, 0.5),
}
csv = {
    "plain": b"path,label\na.wav,ada\nb.wav,bob\n", "quoted": b'"a, b","say ""hi""","two\nlines"\r\n',
    "mark": b"\xef\xbb\xbfa,b\n\n\n1,2", "open": b'"a', "inside": b'a"b,c\n', "after": b'"a"b,c\n', "empty": b"",
}
manifest = {
    "plain": b"path,label\na.wav,ada\n", "parts": b"label,start,end,path,room\nada,0.5,1.25,a.wav,hall\nbob,0,1,a.wav,\n",
    "no_file": b"path,label\nb.wav,ada\n", "no_label": b"path,label\na.wav,\n", "columns": b"path\na.wav\n",
    "numbers": b"path,label,start,end\na.wav,ada,1e400,-1\n", "fields": b"path,label\na.wav,ada,x\n", "empty": b"",
}
kaldi_folder = {
    "plain": b"u1 a.wav\nu2 a.wav\n\0u1 ada\nu2 bob\n", "segments": b"r a.wav\n\0u1 ada\nu2 bob\n\0u1 r 0 1.5\nu2 r 1.5 -1\n",
    "command": b"u1 sox a.wav |\n\0u1 ada\n", "twice": b"u1 a.wav\nu1 a.wav\n\0u1 ada\n", "nobody": b"u1 a.wav\n\0u2 ada\n",
    "order": b"r a.wav\n\0u1 ada\n\0u1 r 2 1\n", "empty": b"",
}
trials = {
    "voxceleb": b"1 a.wav b.wav\n0 a.wav c.wav\n", "kaldi": b"a b target\na c nontarget\n", "mixed": b"1 a b\na c target\n",
    "words": b"1 a\n", "no_end": b"0 a b", "blank": b"\n\n", "empty": b"",
}
scores = {
    "plain": b"a b 0.5 target\na c -1e-3 nontarget\n", "infinite": b"a b inf target\n", "word": b"a b high target\n",
    "kind": b"a b 0.5 maybe\n", "long": b"a b 0.1000000000000000055511151231257827 target\n", "empty": b"",
}
recipe = {
    "plain": b'[front_end]\npreset = "kaldi"\nmel_bins = 40\n[encoder]\nkind = "xvector"\nwidth = 64\n[loss]\nkind = "contrastive"\n'
             b'margin = 0.5\n[mining]\nkind = "hard"\n[data]\ntrain = ["train.csv"]\ndev = "dev.csv"\n',
    "override": b'[train]\nepochs = 3\n[data]\ntrain = "a.csv"\ndev = "b.csv"\n\0train.epochs=5',
    "unknown": b"[train]\nepoch = 3\n", "type": b'[train]\nepochs = "three"\n', "range": b"[train]\nepochs = -1\n",
    "syntax": b"[train\n", "table": b"train = 3\n", "empty": b"",
}


def npy(descr, shape, values, version=1, order="False"):
    text = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + values


npy_files = {
    "floats": npy("<f4", "(2, 3)", struct.pack("<6f", *range(6))), "doubles": npy("<f8", "(2, 1)", struct.pack("<2d", 0.5, 1e300)),
    "version_2": npy("<f4", "(1, 1)", bytes(4), version=2), "fortran": npy("<f4", "(1, 1)", bytes(4), order="True"),
    "no_rows": npy("<f4", "(0, 4)", b""), "huge": npy("<f4", "(4611686018427387904, 4)", b""), "flat": npy("<f4", "(4,)", bytes(16)),
    "cut": npy("<f4", "(2, 3)", bytes(20)), "empty": b"",
}


def tensors(metadata, **arrays):
    """A safetensors file of float arrays: name=(shape, values)."""
    header, data = {"__metadata__": metadata}, b""
    for name, (shape, values) in sorted(arrays.items()):
        values = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header, separators=(",", ":"))
    return file(text + " " * (-len(text) % 8), data)


def layer(kind, name, **numbers):
    return {"kind": kind, "name": name, "inputs": [], **numbers}


def model_file(layers, weights={}, bins=8, **more):
    metadata = {"format": "twinear 1", "front_end": json.dumps({"mel_bins": 8, "norm": "level"}), "provenance": "{}",
                "encoder": json.dumps({"kind": "compact", "bins": bins, "layers": layers}), "selftest": "[]"} | more
    return tensors(metadata, **weights)


statistics = [layer("stats_pool", "pool"), layer("l2_normalize", "sphere")]
convolution = [layer("conv1d", "conv1", out=2, kernel=3, stride=1, dilation=1, reflect=False, bias=False),
               layer("batch_norm", "norm1", relu=True, affine=True), layer("stats_pool", "pool"),
               layer("linear", "projection", out=2, bias=True), layer("l2_normalize", "sphere")]
weights = {"conv1.weight": ([2, 8, 3], [0.1] * 48), "projection.weight": ([2, 4], [0.5, -0.5] * 4), "projection.bias": ([2], [0, 1])}
weights |= {f"norm1.{name}": ([2], [1, 1]) for name in ("weight", "bias", "running_mean", "running_var")}
calibration = json.dumps({"version": 1, "scale": 10.0, "offset": -5.0, "source": "a guess", "targets": 9, "nontargets": 9, "eer": 0.1,
                          "thresholds": [{"false_alarm": 0.1, "threshold": 0.5, "miss": 0.1}]})
model = {
    "statistics": model_file(statistics), "convolution": model_file(convolution, weights),
    "calibrated": model_file(statistics, calibration=calibration, source="speaker"),
    "other_bins": model_file(statistics, bins=9), "no_weights": model_file(convolution), "no_layers": model_file([]),
    "huge_layer": model_file([layer("conv1d", "conv1", out=2**31 - 1, kernel=3, stride=1, dilation=1), *statistics]),
    "empty": b"",
}

run = {f"{kind}{name}": value for name, value in weights.items() for kind in ("", "adam.first.", "adam.second.")}
run |= {f"adam.steps.{name}": ([1], [3]) for name in weights}
run |= {name: ([math.prod(shape)], values) for name, (shape, values) in run.items() if name.startswith(("adam.f", "adam.second"))}
training_checkpoint = {
    "plain": model_file(convolution, run | {"state.memory": ([2, 2], [0, 1, 2, 3])}, progress='{"step":3}'),
    "no_progress": model_file(convolution, run), "flat_state": model_file(convolution, run | {"state.memory": ([4], [0] * 4)}, progress="{}"),
    "no_moments": model_file(convolution, weights, progress="{}"), "empty": b"",
}


def embeddings_file(names, rows, **more):
    metadata = {"format": "twinear embeddings 1", "model_id": "0123456789abcdef", "labels": json.dumps(names),
                "paths": json.dumps(["a.wav"] * len(names))} | more
    width = len(rows[0]) if rows else 0
    return tensors(metadata, embeddings=([len(rows), width], [x for row in rows for x in row]))


embeddings = {
    "plain": embeddings_file(["ada", "ada", "bob"], [[1, 0], [0.5, 0.5], [0, 1]], seconds="[1.5,2.0,0]"),
    "twice": embeddings_file(["ada", "ada"], [[1, 0], [1, 0]]), "zero": embeddings_file(["ada"], [[0, 0]]),
    "names": embeddings_file(["ada", "bob"], [[1, 0]]), "control": embeddings_file(["a\n"], [[1, 0]]),
    "no_width": embeddings_file(["ada"], [[]]), "empty": b"",
}


def fnv(values):
    state = 0xCBF29CE484222325
    for byte in values:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return state - 2**64 if state >= 2**63 else state


def database_file(clips, version=1, application=0x74776E72):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "people"
        people = sqlite3.connect(path)
        people.executescript(
            "PRAGMA page_size = 512;"
            "CREATE TABLE about (model_id TEXT NOT NULL) STRICT;"
            "CREATE TABLE identity (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
            "CREATE TABLE clip (id INTEGER PRIMARY KEY, identity INTEGER NOT NULL REFERENCES identity ON DELETE CASCADE,"
            '  "check" INTEGER NOT NULL, source TEXT NOT NULL, seconds REAL NOT NULL, embedding BLOB NOT NULL,'
            '  UNIQUE (identity, "check")) STRICT;'
            f"PRAGMA application_id = {application}; PRAGMA user_version = {version};"
            "INSERT INTO about VALUES ('0123456789abcdef');")
        for i, (name, values) in enumerate(clips):
            blob = struct.pack(f"<{len(values)}f", *values)
            people.execute("INSERT OR IGNORE INTO identity (name) VALUES (?)", [name])
            people.execute("INSERT INTO clip SELECT ?, id, ?, 'a.wav', 1.5, ? FROM identity WHERE name = ?", [i, fnv(blob), blob, name])
        people.commit()
        people.close()
        return path.read_bytes()


database = {
    "people": database_file([("ada", [1, 0]), ("ada", [0.5, 0.5]), ("bob", [0, 1])]), "nobody": database_file([]),
    "widths": database_file([("ada", [1, 0]), ("bob", [1])]), "newer": database_file([], version=9),
    "other": database_file([], application=1), "cut": database_file([("ada", [1, 0])])[:1500], "empty": b"",
}
enrollment_map = {
    "lines": b"ada a0 a1\nbob b0\n", "csv": b"enrollment,path\nada,a0\nada,a1\n", "old": b"enrolment,path\nada,a0\n",
    "twice": b"ada a0\nada a1\n", "same": b"ada a0 a0\n", "nothing": b"ada\n", "empty": b"",
}


def episode(classes, support, query):
    return json.dumps({"classes": classes, "support": support, "query": query}) + "\n"


head = '{"format":"twinear episodes 1"}\n'
episodes = {
    "plain": head + episode(["a", "b"], ["a0", "b0"], ["a1", "b1"]), "twice": head + episode(["a", "a"], ["a0", "a1"], ["a0", "a1"]),
    "other": head + episode(["a", "d"], ["a0"], ["a1"]), "same": head + episode(["a", "b"], ["a0", "b0"], ["a0", "b0"]),
    "kind": head + '{"classes":1}\n', "head": head, "empty": "",
}
episodes = {name: text.encode() for name, text in episodes.items()}
training_log = {
    "plain": b'{"step":1,"loss":0.5,"active":true}\n{"step":2,"epoch":1,"dev_eer":0.25}\n', "again": b'{"step":2}\n{"step":3}\n{"step":2}\n',
    "text": b'{"step":"two"}\n{"step":"three"}\n', "cut": b'{"step":1}\n{"st', "kinds": b'[]\n{"seed":1}\n', "bad": b"{\n", "empty": b"",
}
corpora = {
    "audio": audio, "csv": csv, "database": database, "embeddings": embeddings, "enrollment_map": enrollment_map,
    "episodes": episodes, "kaldi_folder": kaldi_folder, "manifest": manifest, "model": model, "npy": npy_files,
    "pcm_stream": pcm_stream, "pickle": pickles, "recipe": recipe, "safetensors": safetensors, "scores": scores,
    "torch_checkpoint": checkpoints, "training_checkpoint": training_checkpoint, "training_log": training_log, "trials": trials,
}
for target, corpus in corpora.items():
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in corpus.items():
        (folder / name).write_bytes(content)
