#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the files of corpus/ that fuzzing starts from; files named by a hash were found by it."""
import pathlib
import struct


def entry(dtype, shape, begin, end):
    return f'{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}'


def file(header, data=b"", length=None):
    return struct.pack("<Q", len(header) if length is None else length) + header.encode() + data


one = entry("F32", "[1]", 0, 4)
corpus = {
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
folder = pathlib.Path(__file__).resolve().parent / "corpus"
folder.mkdir(exist_ok=True)
for name, content in corpus.items():
    (folder / name).write_bytes(content)
