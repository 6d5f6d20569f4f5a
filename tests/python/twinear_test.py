#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Python module against NumPy and against what the program prints.

Usage: twinear_test.py PROGRAM TREE MADE_UP_VOICES, with the module on PYTHONPATH."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest
import wave

import numpy as np

import twinear

program, tree, voices = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
sound = str(tree / "data/models/sound.safetensors")
a, b = (str(voices / "clips" / name) for name in ("0003/0.wav", "0005/0.wav"))


def run(*arguments):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)


class Module(unittest.TestCase):
    def setUp(self):
        self.model = twinear.Model(sound)

    def test_a_model_says_what_it_is(self):
        info = json.loads(run("info", sound, "--json").stdout)
        self.assertEqual(self.model.id, info["id"])
        self.assertEqual(self.model.dimension, info["encoder"]["dimension"])
        self.assertEqual((self.model.bins, self.model.sample_rate), (info["front_end"]["mel_bins"], 16000))
        self.assertTrue(self.model.calibrated)
        self.assertEqual(self.model.source, "sound")

    def test_a_model_is_found_by_its_name(self):
        os.environ["TWINEAR_MODELS"] = str(tree / "data/models")
        self.assertEqual(twinear.Model("sound").id, self.model.id)
        with self.assertRaises(twinear.Error):
            twinear.Model("nobody")

    def test_embeddings_are_the_programs(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "e.safetensors"
            run("embed", a, b, "--model", sound, "-o", out)
            data = out.read_bytes()
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8:8 + size])["embeddings"]
        begin, end = header["data_offsets"]
        expected = np.frombuffer(data[8 + size + begin:8 + size + end], "<f4").reshape(header["shape"])
        both = self.model.embed([a, b])
        np.testing.assert_array_equal(both, expected)
        self.assertEqual((both.dtype, both.shape), (np.float32, (2, self.model.dimension)))
        np.testing.assert_allclose(self.model.embed(a), expected[0], atol=1e-6)
        both[0, 0] = 7  # it is ours

    def test_a_path_of_pathlib_will_do(self):
        np.testing.assert_array_equal(twinear.Model(pathlib.Path(sound)).embed(pathlib.Path(a)), self.model.embed(a))
        self.assertEqual(self.model.embed([pathlib.Path(a), b]).shape, (2, 192))

    def test_samples_of_any_rate_and_layout_will_do(self):
        t = np.arange(16000) / 16000
        tone = 0.3 * np.sin(2 * np.pi * 440 * t)  # float64
        expected = self.model.embed(tone.astype(np.float32), 16000)
        np.testing.assert_array_equal(self.model.embed(tone), expected)
        np.testing.assert_array_equal(self.model.embed(np.repeat(tone, 2)[::2]), expected)
        t = np.arange(48000) / 48000
        other = self.model.embed(0.3 * np.sin(2 * np.pi * 440 * t), sample_rate=48000)
        self.assertGreater(twinear.cosine(other, expected), 0.9)

    def test_features_are_the_programs(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "x.npy"
            run("features", a, "--front-end", "speechbrain", "-o", out)
            np.testing.assert_array_equal(twinear.features(a, front_end="speechbrain"), np.load(out))
        self.assertEqual(twinear.features(np.zeros(16000)).shape, (98, 80))
        self.assertEqual(self.model.features(np.zeros(16000)).shape[1], self.model.bins)

    def test_a_verdict_is_the_programs(self):
        said = json.loads(run("verify", a, b, "--model", sound, "--json").stdout)
        verdict = self.model.verify(a, b)
        for key in ("score", "llr", "probability", "threshold", "same"):
            self.assertAlmostEqual(getattr(verdict, key), said[key], places=6)
        self.assertIn("calibrated on", verdict.threshold_from)
        self.assertEqual(bool(verdict), said["same"])
        self.assertFalse(self.model.verify(a, b, threshold=0.999).same)
        noise = np.random.default_rng(0).normal(0, 0.1, 16000)
        self.assertAlmostEqual(self.model.verify(noise, noise).score, 1)
        self.assertAlmostEqual(self.model.verify(a, noise).score,
                               twinear.cosine(self.model.embed(a), self.model.embed(noise)))
        self.assertEqual(self.model.decide(verdict.score).llr, verdict.llr)

    def test_a_trial_list_is_scored_in_five_lines(self):
        trials = voices / "trials.txt"
        with tempfile.TemporaryDirectory() as folder:
            few = pathlib.Path(folder) / "trials.txt"
            lines = trials.read_text().splitlines()
            few.write_text("\n".join(lines[:40] + lines[-40:]) + "\n")
            out = pathlib.Path(folder) / "scores.txt"
            said = run("score", "--model", sound, "--trials", few, "--root", voices, "-o", out)
            self.assertEqual(said.returncode, 0, said.stderr)
            expected = [line.split() for line in out.read_text().splitlines()]
            scores, target = self.model.score(str(few), root=str(voices))
        np.testing.assert_array_equal(scores, [float(line[2]) for line in expected])
        np.testing.assert_array_equal(target, [line[3] == "target" for line in expected])
        self.assertEqual(target.dtype, bool)
        self.assertTrue(0 < twinear.eer(scores, target) < 1)

    def test_metrics_are_the_published_numbers(self):
        target = [3.1, 2.4, 1.9, 1.7, .9, .4, -.3, -1.2]
        scores = np.array(target + [-3, -2.2, -1.9, -1.4, -1.1, -.8, -.2, .6, 1, 2])
        is_target = np.arange(18) < 8
        self.assertAlmostEqual(twinear.eer(scores, is_target), .277778, places=6)
        self.assertAlmostEqual(twinear.cllr(scores, is_target), .776175, places=6)
        self.assertAlmostEqual(twinear.min_cllr(scores, is_target), .641735, places=6)
        self.assertAlmostEqual(twinear.min_dcf(scores, is_target), .75)
        self.assertAlmostEqual(twinear.act_dcf(scores, is_target, p_target=.05), .875)
        threshold, miss, false_alarm = twinear.det_curve(scores.astype(np.float32), is_target.astype(int))
        self.assertEqual((miss[0], false_alarm[0], miss[-1], false_alarm[-1]), (0, 1, 1, 0))
        self.assertTrue(np.all(np.diff(threshold) > 0))

    def test_what_is_wrong_is_told(self):
        with self.assertRaisesRegex(twinear.Error, "no.wav: "):
            self.model.embed("no.wav")
        with self.assertRaisesRegex(twinear.Error, "no.safetensors: "):
            twinear.Model("no.safetensors")
        with self.assertRaisesRegex(ValueError, "floats in"):
            self.model.embed(np.zeros(16000, np.int16))
        with self.assertRaisesRegex(ValueError, "one row"):
            self.model.embed(np.zeros((2, 16000)))
        with self.assertRaisesRegex(ValueError, "sample_rate"):
            self.model.embed(np.zeros(16000), 0)
        with self.assertRaisesRegex(twinear.Error, "not finite"):
            self.model.embed(np.full(16000, np.nan))
        with self.assertRaisesRegex(ValueError, "at least one"):
            self.model.embed(np.zeros(0))
        with self.assertRaisesRegex(twinear.Error, "digital silence"):
            self.model.verify(np.zeros(32000), a)
        with self.assertRaisesRegex(twinear.Error, "both kinds"):
            twinear.eer([1.0, 2.0], [True, True])
        with self.assertRaisesRegex(ValueError, "same length"):
            twinear.eer([1.0, 2.0], [True])
        with self.assertRaisesRegex(ValueError, "booleans, or 0 and 1"):
            twinear.eer([1.0, 2.0], [1, -1])
        for row in [np.nan, 0.0], [1e200, 1.0]:
            with np.errstate(over="ignore"), self.assertRaisesRegex(twinear.Error, "cosine: a value is not finite"):
                twinear.cosine(np.array(row), np.ones(2))
        with self.assertRaises(TypeError):  # a name with a zero byte is no path
            self.model.embed(a + "\0x")
        with self.assertRaisesRegex(twinear.Error, "unknown preset"):
            twinear.features(np.zeros(16000), front_end="mfcc")

    def test_other_threads_run_while_it_works(self):
        samples = np.random.default_rng(0).normal(0, 3000, 16000).astype("<i2").tobytes()
        with tempfile.TemporaryDirectory() as folder:
            file, pipe = (str(pathlib.Path(folder) / name) for name in ("file.wav", "pipe.wav"))
            with wave.open(file, "wb") as sound:
                sound.setparams((1, 2, 16000, 0, "NONE", ""))
                sound.writeframes(samples)
            os.mkfifo(pipe)
            found = []
            worker = threading.Thread(target=lambda: found.append(self.model.embed(pipe)), daemon=True)
            worker.start()  # it waits for the bytes below: if it kept other threads from running, they would not come
            pathlib.Path(pipe).write_bytes(pathlib.Path(file).read_bytes())
            worker.join()
            np.testing.assert_allclose(found[0], self.model.embed(file), atol=1e-6)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
