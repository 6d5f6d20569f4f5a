// SPDX-License-Identifier: Apache-2.0
// Joins recordings of single words to clips of about three seconds, and lists trials between these.
//
// The manifest of the words has the columns path, label, language and split. Of each word the
// silence at both ends is cut off. The words of a label are shuffled and joined; a word is in one
// clip only, and the same sound is taken once. A trial of different labels has two languages: two
// labels of a language may be one person.
//
// Writes DIR/clips/LABEL/N.flac, a manifest DIR/SPLIT.csv of each split, and DIR/trials.txt with
// the trials between the clips of the split test. The same words give the same bytes.
#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "twinear/audio.h"
#include "twinear/error.h"
#include "twinear/manifest.h"

namespace twinear::samples {
namespace {

constexpr int rate = 16000;
constexpr std::size_t frame = rate / 100;
constexpr std::size_t enough = 3 * rate, too_much = 4 * rate, too_little = 2 * rate;

struct Arguments {
  std::string words, out;
  std::size_t most_train = 30, most = 10;
};

struct Speaker {
  std::string label, language, split;
  std::vector<std::string> words;
  std::vector<std::vector<float>> clips = {};
};

/// Numbers below n, in an order that is the same on every machine.
std::vector<std::size_t> shuffled(std::size_t n, std::mt19937_64& draw) {
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[draw() % i]);
  return order;
}

/// The sound without what lies more than 40 dB below its loudest frame at either end, but for
/// 50 ms; nothing of a sound that is silent or so short that it holds no word.
std::vector<float> without_silence(const std::vector<float>& sound) {
  std::vector<double> energy(sound.size() / frame);
  for (std::size_t f = 0; f < energy.size(); ++f)
    for (std::size_t i = f * frame; i < (f + 1) * frame; ++i)
      energy[f] += static_cast<double>(sound[i] * sound[i]);
  const auto loudest = std::ranges::max_element(energy);
  if (loudest == energy.end() || *loudest < 1e-5 * frame) return {};
  const auto loud = [&](double e) { return e > 1e-4 * *loudest; };
  const auto first = std::ranges::find_if(energy, loud) - energy.begin();
  const auto last = energy.rend() - std::find_if(energy.rbegin(), energy.rend(), loud);
  if (last - first < 10) return {};
  const auto begin = static_cast<std::size_t>(std::max(first - 5, std::ptrdiff_t{0})) * frame;
  const auto end = std::min(static_cast<std::size_t>(last + 5) * frame, sound.size());
  return {sound.begin() + static_cast<std::ptrdiff_t>(begin),
          sound.begin() + static_cast<std::ptrdiff_t>(end)};
}

/// Joins the words of a speaker to clips, in an order that the number of words decides.
void join(Speaker& speaker, std::size_t most_clips) {
  std::mt19937_64 draw(speaker.words.size());
  std::set<std::vector<float>> heard;
  std::vector<float> clip;
  for (const std::size_t k : shuffled(speaker.words.size(), draw)) {
    if (speaker.clips.size() == most_clips) return;
    const Waveform sound = read_audio(speaker.words[k]);
    const auto word = without_silence(resample(sound.samples, sound.sample_rate, rate));
    if (!heard.insert(word).second) continue;
    clip.insert(clip.end(), word.begin(), word.end());
    if (clip.size() < enough) continue;
    clip.resize(std::min(clip.size(), too_much));
    speaker.clips.push_back(std::exchange(clip, {}));
  }
  if (clip.size() >= too_little) speaker.clips.push_back(std::move(clip));
}

std::vector<Speaker> speakers(const std::string& words) {
  const Manifest manifest = read_manifest(words);
  const auto column = [&](const Clip& clip, const char* name) {
    const auto found = clip.columns.find(name);
    if (found == clip.columns.end())
      throw Error(Fault::config, fmt::format("{}: there is no column {}", words, name));
    return found->second;
  };
  std::map<std::string, Speaker> by_label;
  for (const Clip& clip : manifest.clips) {
    Speaker& speaker = by_label[clip.label];
    speaker.label = clip.label;
    speaker.language = column(clip, "language");
    speaker.split = column(clip, "split");
    speaker.words.push_back(clip.path);
  }
  std::vector<Speaker> all;
  for (auto& [label, speaker] : by_label) all.push_back(std::move(speaker));
  return all;
}

std::string name_of(const Speaker& speaker, std::size_t clip) {
  return fmt::format("clips/{}/{}.flac", speaker.label, clip);
}

/// All pairs of one speaker's clips, and about two for each of these of speakers of two languages;
/// each pair of speakers is asked as often as any other.
std::vector<std::string> trials(const std::vector<const Speaker*>& test) {
  std::vector<std::string> lines;
  for (const Speaker* s : test)
    for (std::size_t i = 0; i < s->clips.size(); ++i)
      for (std::size_t k = i + 1; k < s->clips.size(); ++k)
        lines.push_back(fmt::format("1 {} {}", name_of(*s, i), name_of(*s, k)));
  std::vector<std::pair<const Speaker*, const Speaker*>> strangers;
  for (std::size_t i = 0; i < test.size(); ++i)
    for (std::size_t k = i + 1; k < test.size(); ++k)
      if (test[i]->language != test[k]->language) strangers.emplace_back(test[i], test[k]);
  std::mt19937_64 draw(lines.size());
  const std::size_t pairs = std::max(strangers.size(), std::size_t{1});
  const std::size_t rounds = (2 * lines.size() + pairs - 1) / pairs;
  std::set<std::string> asked;
  for (std::size_t round = 0; round < rounds; ++round)
    for (const auto& [a, b] : strangers)
      asked.insert(fmt::format("0 {} {}", name_of(*a, draw() % a->clips.size()),
                               name_of(*b, draw() % b->clips.size())));
  lines.insert(lines.end(), asked.begin(), asked.end());
  return lines;
}

void write_lines(const std::filesystem::path& path, const std::string& lines) {
  std::ofstream file(path);
  file << lines;
  if (!file.flush()) throw Error(Fault::io, path.string() + ": cannot be written");
}

void run(const Arguments& arguments) {
  std::vector<Speaker> all = speakers(arguments.words);
  const std::filesystem::path out = arguments.out;
  tbb::parallel_for(std::size_t{0}, all.size(), [&](std::size_t i) {
    join(all[i], all[i].split == "train" ? arguments.most_train : arguments.most);
    std::filesystem::create_directories(out / "clips" / all[i].label);
    for (std::size_t c = 0; c < all[i].clips.size(); ++c)
      write_audio((out / name_of(all[i], c)).string(), {rate, all[i].clips[c]});
  });
  std::map<std::string, std::vector<const Speaker*>> splits;
  for (const Speaker& speaker : all)
    if (!speaker.clips.empty()) splits[speaker.split].push_back(&speaker);
  for (const auto& [split, members] : splits) {
    std::string lines = "path,label,language\n";
    std::size_t clips = 0;
    for (const Speaker* speaker : members)
      for (std::size_t c = 0; c < speaker->clips.size(); ++c, ++clips)
        lines += fmt::format("{},{},{}\n", name_of(*speaker, c), speaker->label, speaker->language);
    write_lines(out / (split + ".csv"), lines);
    fmt::print("{}: {} speakers, {} clips\n", split, members.size(), clips);
  }
  std::string lines;
  for (const auto& line : trials(splits["test"])) lines += line + '\n';
  write_lines(out / "trials.txt", lines);
}

}  // namespace
}  // namespace twinear::samples

int main(int argc, char** argv) {
  twinear::samples::Arguments arguments;
  CLI::App app{"Joins recordings of words to clips and lists trials between them"};
  app.add_option("--words", arguments.words,
                 "is the manifest of the words: path, label, language, split")
      ->required();
  app.add_option("--most-train", arguments.most_train, "limits the clips of a label for training");
  app.add_option("--most", arguments.most, "limits the clips of any other label");
  app.add_option("-o,--out", arguments.out, "is the folder to write to")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    twinear::samples::run(arguments);
  } catch (const std::exception& e) {
    fmt::print(stderr, "samples_clips: {}\n", e.what());
    return 2;
  }
}
