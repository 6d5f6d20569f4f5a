# SPDX-License-Identifier: Apache-2.0
"""Prints how well three finders of speech do, as tables in Markdown: the network of Twinear, silero-vad and Kaldi's energy rule.

Usage: judge.py JUDGE SILERO.onnx FOLDER ESC50 SPLIT [MUSIC]; JUDGE is the program speech_finder_judge, FOLDER what it made, ESC50 the
corpus, MUSIC a folder of WAV files at 16 kHz. Needs numpy, soundfile and onnxruntime. Speech in clean scenes is where silero and the energy rule agree on it.
"""
import csv
import glob
import os
import subprocess
import sys

import numpy as np
import onnxruntime
import soundfile

judge, model, folder, esc50, split = sys.argv[1:6]
weights = ["--weights", os.environ["WEIGHTS"]] if "WEIGHTS" in os.environ else []
LEAST = 0.3  # seconds of speech from which a clip of something else is a false alarm
HUMAN = {"crying_baby", "laughing", "coughing", "sneezing", "snoring", "breathing", "clapping", "footsteps",
         "brushing_teeth", "drinking_sipping"}

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
silero = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def silero_frames(path, frames):
    """The frames of 10 ms that silero finds at its threshold of 0.5, as its wrapper for ONNX feeds it."""
    cache = os.path.join(folder, "silero", os.path.basename(os.path.dirname(path)) + os.path.basename(path) + ".npy")
    if os.path.exists(cache):
        odds = np.load(cache)
    else:
        samples, rate = soundfile.read(path, dtype="float32")
        assert rate == 16000, path
        state, context, odds = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
        for begin in range(0, len(samples), 512):
            piece = samples[begin:begin + 512]
            piece = np.pad(piece, (0, 512 - len(piece)))
            out, state = silero.run(None, {"input": np.concatenate([context, piece])[None], "state": state,
                                           "sr": np.array(16000, np.int64)})
            context = piece[-64:]
            odds.append(out[0, 0])
        odds = np.array(odds)
        os.makedirs(os.path.dirname(cache), exist_ok=True)
        np.save(cache, odds)
    at = np.minimum((np.arange(frames) * 160 + 200) // 512, len(odds) - 1)
    return odds[at] >= 0.5


def found(paths):
    """path -> {finder: frames}"""
    out = subprocess.run([judge, "find", *weights], input="\n".join(paths), capture_output=True, text=True, check=True).stdout
    answers = {}
    for line in out.splitlines():
        path, energy, speech = line.split("\t")
        ours = np.array(list(speech)) == "1"
        answers[path] = {"ours": ours, "silero": silero_frames(path, len(ours)),
                         "energy": np.array(list(energy)) == "1"}
    return answers


def scenes():
    print("| scenes of speech | ours missed | false | silero missed | false | energy missed | false |\n|" + " --- |" * 7)
    clean = found(sorted(glob.glob(folder + "/scene-*-clean.wav")))
    for snr in ["clean", "20", "10", "05", "00"]:
        counts = {}
        for path, answer in found([p.replace("clean", snr) for p in clean]).items():
            truth = clean[path.replace("-%s.wav" % snr, "-clean.wav")]
            speech, none = truth["silero"] & truth["energy"], ~truth["silero"] & ~truth["energy"]
            for finder, frames in answer.items():
                counts[finder] = counts.get(finder, 0) + np.array(
                    [(~frames & speech).sum(), speech.sum(), (frames & none).sum(), none.sum()])
        print("| %s |" % snr + "".join(" %.1f %% | %.1f %% |" % (100 * c[0] / c[1], 100 * c[2] / c[3]) for c in counts.values()))


def others(title, groups):
    print("\n| %s | clips | ours: clips with %.1f s | frames | silero: clips | frames | energy: clips | frames |\n|" % (title, LEAST)
          + " --- |" * 8)
    for group, paths in groups.items():
        answers = found(paths).values()
        line = "| %s | %d |" % (group, len(answers))
        for finder in ["ours", "silero", "energy"]:
            frames = [a[finder] for a in answers]
            line += " %d | %.1f %% |" % (sum(f.sum() >= 100 * LEAST for f in frames), 100 * np.concatenate(frames).mean())
        print(line)


scenes()
groups = {}
for row in csv.DictReader(open(esc50 + "/" + split + ".csv")):
    groups.setdefault(row["label"] + (" (human)" if row["label"] in HUMAN else ""), []).append(esc50 + "/" + row["path"])
others("esc50 " + split, dict(sorted(groups.items())))
made = {}
for path in sorted(glob.glob(folder + "/*.wav")):
    if "scene-" not in path:
        made.setdefault(os.path.basename(path)[:-7], []).append(path)
others("made sounds", made)
if len(sys.argv) > 6:
    others("music", {"recorded": sorted(glob.glob(sys.argv[6] + "/*.wav"))})
