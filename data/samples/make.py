#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes everything in this folder but README.md again from the speechocean corpus folder.

Usage: data/samples/make.py ../shared/data/speechocean
Needs Debian's opus-tools (opusenc). Seeded: the same source and encoder give the same bytes.
"""
import csv
import itertools
import pathlib
import random
import shutil
import subprocess
import sys

SEED = 1
SPEAKERS_AND_CLIPS = {"train": (180, 4), "dev": (20, 4), "test": (50, 6)}
OPUSENC = ["opusenc", "--quiet", "--speech", "--bitrate", "28", "--padding", "0",
           "--discard-comments", "--discard-pictures"]

source, here = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).resolve().parent


def encode(flac, serial):
    """The clip's path here. The Ogg serial number, else random, is the clip's own number."""
    clip = pathlib.Path("clips") / flac.parent.name / (flac.stem + ".opus")
    (here / clip).parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([*OPUSENC, "--serial", str(serial), flac, here / clip], check=True)
    return clip.as_posix()


def hard_negatives(clips_of, group_of, count, rng):
    """Pairs of two speakers of one group (same gender, same age group), each at most once."""
    pairs = set()
    while len(pairs) < count:
        a, b = sorted(rng.sample(sorted(clips_of), 2))
        if group_of[a] == group_of[b]:
            pairs.add((rng.choice(clips_of[a]), rng.choice(clips_of[b])))
    return sorted(pairs)


with open(source / "speakers.csv", newline="") as file:
    speakers = list(csv.DictReader(file))
group_of = {s["speaker"]: (s["gender"], int(s["age"]) <= 15) for s in speakers}

shutil.rmtree(here / "clips", ignore_errors=True)
serials = itertools.count(1)
for split, (speaker_count, clip_count) in SPEAKERS_AND_CLIPS.items():
    clips_of = {
        s["speaker"]: [encode(flac, next(serials)) for flac in
                       sorted((source / "wav" / s["speaker"]).glob("*.flac"))[:clip_count]]
        for s in [s for s in speakers if s["split"] == split][:speaker_count]
    }
    with open(here / f"{split}.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["path", "label"])
        out.writerows((clip, label) for label, clips in clips_of.items() for clip in clips)

rng = random.Random(SEED)
same = [pair for clips in clips_of.values() for pair in itertools.combinations(clips, 2)]
different = hard_negatives(clips_of, group_of, len(same), rng)
trials = [(1, *pair) for pair in same] + [(0, *pair) for pair in different]
trials = [(truth, *rng.sample(pair, 2)) for truth, *pair in trials]
rng.shuffle(trials)
(here / "trials.txt").write_text("".join(f"{truth} {a} {b}\n" for truth, a, b in trials))
shutil.copyfile(source / "LICENSE", here / "LICENSE")
