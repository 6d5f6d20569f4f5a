// SPDX-License-Identifier: Apache-2.0
#include "twinear/manifest.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/expect_error.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

/// A corpus with the clips a.wav, b.wav and wav/c.wav, which nobody decodes here.
struct Corpus : TemporaryFolder {
  Corpus() {
    std::filesystem::create_directory(*this / "wav");
    for (const char* name : {"a.wav", "b.wav", "wav/c.wav"}) put(*this / name, "sound");
  }
  std::string csv(const std::string& text) const { return put(*this / "m.csv", text); }
};

TEST(Manifest, NumbersLabelsInAlphabeticalOrder) {
  const Corpus corpus;
  const auto manifest =
      read_manifest(corpus.csv("path,label\na.wav,zoe\nwav/c.wav,ada\nb.wav,zoe\n"));
  EXPECT_EQ(manifest.labels, (std::vector<std::string>{"ada", "zoe"}));
  EXPECT_EQ(manifest.label_of, (std::vector<int>{1, 0, 1}));
  ASSERT_EQ(manifest.clips.size(), 3U);
  EXPECT_EQ(manifest.clips[1].name, "wav/c.wav");
  EXPECT_EQ(manifest.clips[1].path, corpus / "wav/c.wav");
  EXPECT_EQ(manifest.clips[1].label, "ada");
}

TEST(Manifest, KeepsWhateverElseTheFileSays) {
  const Corpus corpus;
  const auto manifest = read_manifest(
      corpus.csv("session,label,start,path,end\n\"one, two\",x,0.5,a.wav,1.25\n,y,,b.wav,\n"));
  const Clip &a = manifest.clips[0], &b = manifest.clips[1];
  EXPECT_EQ(a.start, 0.5);
  EXPECT_EQ(a.end, 1.25);
  EXPECT_EQ(a.columns, (std::map<std::string, std::string>{{"session", "one, two"}}));
  EXPECT_EQ(b.start, 0.0);
  EXPECT_EQ(b.end, 0.0);
}

TEST(Manifest, AnAbsolutePathStaysAsItIs) {
  const Corpus corpus, elsewhere;
  const std::string path = corpus / "a.wav";
  const auto manifest = read_manifest(elsewhere.csv("path,label\n" + path + ",x\n"));
  EXPECT_EQ(manifest.clips[0].path, path);
}

TEST(Manifest, NamesTheLineThatIsWrong) {
  const Corpus corpus;
  const auto refused = [&](const std::string& text, Fault fault, const std::string& message) {
    const std::string path = corpus.csv(text);
    expect_error([&] { read_manifest(path); }, fault, path + message);
  };
  refused("path,speaker\na.wav,x\n", Fault::format, ":1: no column \"label\"; found path,speaker");
  refused("path,label,path\n", Fault::format, ":1: duplicate column \"path\"");
  refused("path,label\na.wav\n", Fault::format, ":2: found 1 fields; expected 2 as in the header");
  refused("path,label\na.wav,x\n,x\n", Fault::format, ":3: the path is empty");
  refused("path,label\na.wav,\n", Fault::format, ":2: a.wav: the label is empty");
  refused("path,label,end\na.wav,x,soon\n", Fault::format,
          ":2: end: expected seconds, found \"soon\"");
  refused("path,label,start\na.wav,x,-1\n", Fault::format,
          ":2: start: expected seconds, found \"-1\"");
  refused("path,label,start,end\na.wav,x,2,1.5\n", Fault::format,
          ":2: a.wav: the part from 2 to 1.5 s ends before it starts");
  refused("path,label\na.wav,x\nnone.wav,x\ngone.wav,y\n", Fault::io,
          ":3: " + (corpus / "none.wav: No such file or directory"));
  refused("path,label\nwav,x\n", Fault::io, ":2: " + (corpus / "wav: is a folder"));
  refused("path,label\n\"a.wav,x\n", Fault::format, ":2: a quote is not closed");
  refused("path,label\n", Fault::format, ": no clips");
  refused("", Fault::format, ": no clips");
}

TEST(Manifest, AMissingFileIsAnError) {
  const Corpus corpus;
  expect_error([&] { read_manifest(corpus / "none.csv"); }, Fault::io,
               corpus / "none.csv: No such file or directory");
  expect_error([&] { read_manifest(corpus / "wav"); }, Fault::io,
               corpus / "wav: is a folder without wav.scp; expected a CSV or a Kaldi data folder");
}

TEST(Manifest, ClipsMayLackALabelWhereTheReaderSaysSo) {
  const Corpus corpus;
  const auto some = read_manifest(corpus.csv("path,label\na.wav,zoe\nb.wav,\nwav/c.wav,ada\n"),
                                  LabelRule::optional);
  EXPECT_EQ(some.labels, (std::vector<std::string>{"ada", "zoe"}));
  EXPECT_EQ(some.label_of, (std::vector<int>{1, no_label, 0}));
  const auto none = read_manifest(corpus.csv("path\na.wav\nb.wav\n"), LabelRule::optional);
  EXPECT_TRUE(none.labels.empty());
  EXPECT_EQ(none.label_of, (std::vector<int>{no_label, no_label}));
  expect_error([&] { read_manifest(corpus.csv("label\nx\n"), LabelRule::optional); }, Fault::format,
               corpus / "m.csv:1: no column \"path\"; found label");
}

TEST(KaldiFolder, ClipsMayLackALabelWhereTheReaderSaysSo) {
  const Corpus corpus;
  put(corpus / "wav.scp", "u1 a.wav\nu2 b.wav\n");
  const std::vector<int> none{no_label, no_label}, one{no_label, 0};
  EXPECT_EQ(read_manifest(corpus / "", LabelRule::optional).label_of, none);
  put(corpus / "utt2spk", "u2 zoe\n");
  EXPECT_EQ(read_manifest(corpus / "", LabelRule::optional).label_of, one);
  expect_error([&] { read_manifest(corpus / ""); }, Fault::format,
               corpus / "wav.scp:1: \"u1\" is not in utt2spk");
}

TEST(KaldiFolder, TakesOneClipPerRecording) {
  const Corpus corpus;
  put(corpus / "wav.scp", "u1 a.wav\nu2   " + (corpus / "wav/c.wav") + "\n");
  put(corpus / "utt2spk", "u1 zoe\nu2 ada\n");
  const auto manifest = read_manifest(corpus / "");
  ASSERT_EQ(manifest.clips.size(), 2U);
  EXPECT_EQ(manifest.clips[0].name, "u1");
  EXPECT_TRUE(std::filesystem::equivalent(manifest.clips[0].path, corpus / "a.wav"));
  EXPECT_EQ(manifest.clips[1].path, corpus / "wav/c.wav");
  EXPECT_EQ(manifest.labels, (std::vector<std::string>{"ada", "zoe"}));
  EXPECT_EQ(manifest.label_of, (std::vector<int>{1, 0}));
}

TEST(KaldiFolder, TakesSegmentsWhereThereAreSome) {
  const Corpus corpus;
  put(corpus / "wav.scp", "r1 a.wav\nr2 b.wav\n");
  put(corpus / "segments", "u1 r1 0.50 2.25\nu2 r1 3 -1\nu3 r2 0.0 1.0\n");
  put(corpus / "utt2spk", "u1 x\nu2 x\nu3 y\n");
  const auto manifest = read_manifest(corpus / "");
  ASSERT_EQ(manifest.clips.size(), 3U);
  EXPECT_EQ(manifest.clips[0].start, 0.5);
  EXPECT_EQ(manifest.clips[0].end, 2.25);
  EXPECT_EQ(manifest.clips[1].start, 3.0);
  EXPECT_EQ(manifest.clips[1].end, 0.0);
  EXPECT_EQ(manifest.clips[1].path, manifest.clips[0].path);
  EXPECT_EQ(manifest.clips[2].label, "y");
}

TEST(KaldiFolder, NamesTheLineThatIsWrong) {
  const Corpus corpus;
  const auto refused = [&](const char* scp, const char* utt2spk, const char* segments, Fault fault,
                           const std::string& message) {
    put(corpus / "wav.scp", scp);
    put(corpus / "utt2spk", utt2spk);
    std::filesystem::remove(corpus / "segments");
    if (segments != nullptr) put(corpus / "segments", segments);
    expect_error([&] { read_manifest(corpus / ""); }, fault, corpus / message);
  };
  refused("u1 a.wav\nu2 sph2pipe -f wav b.sph |\n", "u1 x\nu2 x\n", nullptr, Fault::format,
          "wav.scp:2: \"sph2pipe -f wav b.sph |\" is a command; expected an audio file");
  refused("u1 a.wav\nu2 b.wav\n", "u1 x\n", nullptr, Fault::format,
          "wav.scp:2: \"u2\" is not in utt2spk");
  refused("u1 a.wav\nu1 b.wav\n", "u1 x\n", nullptr, Fault::format,
          "wav.scp:2: duplicate key \"u1\"");
  refused("u1\n", "u1 x\n", nullptr, Fault::format, "wav.scp:1: expected a value after \"u1\"");
  refused("u1 none.wav\n", "u1 x\n", nullptr, Fault::io,
          "wav.scp:1: none.wav: No such file or directory");
  refused("r1 a.wav\n", "u1 x\n", "u1 r2 0 1\n", Fault::format,
          "segments:1: \"r2\" is not in wav.scp");
  refused("r1 a.wav\n", "u1 s\n", "u1 r1 0 1\nu1 r1 1 2\n", Fault::format,
          "segments:2: \"u1\" is there twice");
  refused("r1 a.wav\n", "u1 x\n", "u1 r1 1 1\n", Fault::format,
          "segments:1: expected 0 <= start < end in seconds, found 1 1");
  refused("r1 a.wav\n", "u1 x\n", "u1 r1 0\n", Fault::format,
          "segments:1: expected \"utterance recording start end\"");
  std::filesystem::remove(corpus / "utt2spk");
  expect_error([&] { read_manifest(corpus / ""); }, Fault::io,
               corpus / "utt2spk: No such file or directory");
}

}  // namespace
}  // namespace twinear
