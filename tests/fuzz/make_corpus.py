#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the files of corpus/TARGET/ that fuzzing starts from; files named by a hash were found by it."""
import pathlib
import struct
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
for target, corpus in (("safetensors", safetensors), ("pickle", pickles), ("torch_checkpoint", checkpoints)):
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in corpus.items():
        (folder / name).write_bytes(content)
