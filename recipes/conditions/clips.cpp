// SPDX-License-Identifier: Apache-2.0
// Makes clips of chosen lengths, and trials between them, of a corpus with several clips a label.
//
// The clips of a label are shuffled and dealt into two halves; each half is joined to one
// recording, of which the first seconds are taken. So the two sides of a trial share no clip, and
// all lengths have the same labels, the same trials and the same beginnings. This is done several
// times, with other halves. A trial of different labels has two labels of the same group (such as
// gender or language), each of whose labels is compared with some others of it.
//
// Writes DIR/SECONDS/*.flac, DIR/SECONDS.csv (a manifest of these) and DIR/SECONDS.txt (the
// trials).
#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "twinear/audio.h"
#include "twinear/error.h"
#include "twinear/manifest.h"

namespace twinear::conditions {
namespace {

constexpr int rate = 16000;

struct Arguments {
  std::string manifest, group, out;
  std::vector<double> seconds{1, 2, 3, 6, 10};
  int halves = 4, others = 8;
  std::uint64_t seed = 0;
};

/// Half of a label's clips, joined.
struct Side {
  std::string label, group, name;
  std::vector<std::size_t> clips;
  std::vector<float> samples = {};
};

/// Numbers below n, in an order that is the same on every machine.
std::vector<std::size_t> shuffled(std::size_t n, std::mt19937_64& draw) {
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[draw() % i]);
  return order;
}

std::vector<float> joined(const Manifest& manifest, const Side& side, std::size_t most) {
  std::vector<float> samples;
  for (const std::size_t clip : side.clips) {
    if (samples.size() >= most) break;
    const Waveform sound = read_audio(manifest.clips[clip].path);
    const auto part = resample(sound.samples, sound.sample_rate, rate);
    samples.insert(samples.end(), part.begin(), part.end());
  }
  samples.resize(std::min(samples.size(), most));
  return samples;
}

/// Both sides of every label, as often as halves are drawn; only labels whose sides are long
/// enough.
std::vector<std::pair<Side, Side>> sides(const Manifest& manifest, const Arguments& arguments) {
  std::map<std::string, std::vector<std::size_t>> clips_of;
  for (std::size_t i = 0; i < manifest.clips.size(); ++i)
    clips_of[manifest.clips[i].label].push_back(i);
  std::mt19937_64 draw(arguments.seed);
  std::vector<std::pair<Side, Side>> pairs;
  for (const auto& [label, clips] : clips_of) {
    if (clips.size() < 2) continue;
    std::string group;
    if (!arguments.group.empty()) {
      const auto& columns = manifest.clips[clips[0]].columns;
      const auto column = columns.find(arguments.group);
      if (column == columns.end())
        throw Error(Fault::config,
                    fmt::format("{}: there is no column {}", arguments.manifest, arguments.group));
      group = column->second;
    }
    for (int half = 0; half < arguments.halves; ++half) {
      const auto order = shuffled(clips.size(), draw);
      Side a{label, group, fmt::format("{}-{}-a.flac", pairs.size(), half), {}};
      Side b{label, group, fmt::format("{}-{}-b.flac", pairs.size(), half), {}};
      for (std::size_t k = 0; k < order.size(); ++k)
        (k < order.size() / 2 ? a : b).clips.push_back(clips[order[k]]);
      pairs.emplace_back(std::move(a), std::move(b));
    }
  }
  const auto most = static_cast<std::size_t>(*std::ranges::max_element(arguments.seconds) * rate);
  tbb::parallel_for(std::size_t{0}, pairs.size(), [&](std::size_t i) {
    for (Side* side : {&pairs[i].first, &pairs[i].second})
      side->samples = joined(manifest, *side, most);
  });
  std::erase_if(pairs, [&](const auto& pair) {
    return pair.first.samples.size() < most || pair.second.samples.size() < most;
  });
  if (pairs.empty())
    throw Error(Fault::config, fmt::format("{}: no label has two sides of {:.6g} s",
                                           arguments.manifest, static_cast<double>(most) / rate));
  return pairs;
}

struct Comparison {
  bool same;
  std::size_t a, b;  ///< pairs of which the first and the second side are compared
};

std::vector<Comparison> comparisons(const std::vector<std::pair<Side, Side>>& pairs,
                                    const Arguments& arguments) {
  std::mt19937_64 draw(arguments.seed + 1);
  std::vector<Comparison> trials;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    trials.push_back({true, i, i});
    int others = 0;
    for (const std::size_t k : shuffled(pairs.size(), draw)) {
      if (others == arguments.others) break;
      if (pairs[k].first.label == pairs[i].first.label ||
          pairs[k].first.group != pairs[i].first.group)
        continue;
      trials.push_back({false, i, k});
      ++others;
    }
  }
  return trials;
}

void run(const Arguments& arguments) {
  const Manifest manifest = read_manifest(arguments.manifest);
  const auto pairs = sides(manifest, arguments);
  const auto trials = comparisons(pairs, arguments);
  std::set<std::string> labels;
  for (const auto& pair : pairs) labels.insert(pair.first.label);
  for (const double seconds : arguments.seconds) {
    const std::string name = fmt::format("{:.6g}", seconds);
    const std::filesystem::path folder = std::filesystem::path(arguments.out) / name;
    std::filesystem::create_directories(folder);
    const auto samples = static_cast<std::size_t>(seconds * rate);
    tbb::parallel_for(std::size_t{0}, pairs.size(), [&](std::size_t i) {
      for (const Side* side : {&pairs[i].first, &pairs[i].second})
        write_audio((folder / side->name).string(),
                    {rate,
                     {side->samples.begin(),
                      side->samples.begin() + static_cast<std::ptrdiff_t>(samples)}});
    });
    std::ofstream clips(folder.string() + ".csv"), list(folder.string() + ".txt");
    clips << "path,label\n";
    for (const auto& [a, b] : pairs)
      for (const Side* side : {&a, &b})
        clips << name << '/' << side->name << ',' << side->label << '\n';
    for (const Comparison& t : trials)
      list << t.same << ' ' << name << '/' << pairs[t.a].first.name << ' ' << name << '/'
           << pairs[t.b].second.name << '\n';
    if (!clips.flush() || !list.flush())
      throw Error(Fault::io, arguments.out + ": cannot be written");
  }
  fmt::print("{} labels, {} trials, {} of them of different labels\n", labels.size(), trials.size(),
             trials.size() - pairs.size());
}

}  // namespace
}  // namespace twinear::conditions

int main(int argc, char** argv) {
  twinear::conditions::Arguments arguments;
  CLI::App app{"Makes clips of chosen lengths and trials between them"};
  app.add_option("--manifest", arguments.manifest, "has the clips")->required();
  app.add_option("--group", arguments.group, "is the column within which labels are compared");
  app.add_option("--seconds", arguments.seconds, "are the lengths")->delimiter(',');
  app.add_option("--halves", arguments.halves, "is how often the clips of a label are dealt");
  app.add_option("--others", arguments.others, "is the number of other labels for each recording");
  app.add_option("--seed", arguments.seed, "seeds the shuffling");
  app.add_option("-o,--out", arguments.out, "is the folder to write to")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    twinear::conditions::run(arguments);
  } catch (const std::exception& e) {
    fmt::print(stderr, "conditions_clips: {}\n", e.what());
    return 2;
  }
}
