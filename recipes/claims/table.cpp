// SPDX-License-Identifier: Apache-2.0
// Prints a table of systems, each of which was run with several seeds on the same trials or
// episodes: the figure of each run, their mean, and its difference to the mean of the first system,
// with 95 % intervals.
//
// The intervals are bootstrapped over speakers (or episodes), which are drawn once for all systems,
// and over the seeds of each system. Differences are therefore of equal trials. If a system has
// only the first episodes, its difference is over those.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <sstream>

#include "claims.h"
#include "twinear/error.h"
#include "twinear/manifest.h"
#include "twinear/metrics.h"
#include "twinear/trials.h"

namespace twinear::claims {
namespace {

struct Arguments {
  std::string kind, manifest, out;
  std::vector<std::string> systems;
  int resamples = 1000;
};

/// How often each speaker or episode was drawn.
using Times = std::span<const std::uint32_t>;

struct Run {
  std::function<double(Times)> figure;  ///< in percent
  std::size_t units;                    ///< number of speakers or episodes that it has
};

struct System {
  std::string name;
  std::vector<Run> runs;

  std::size_t units() const { return std::ranges::min(runs, {}, &Run::units).units; }
  /// The mean figure of the runs that `drawn` names, some of them perhaps more than once.
  double mean(Times times, std::span<const std::size_t> drawn) const {
    std::map<std::size_t, double> figures;
    double sum = 0;
    for (const std::size_t run : drawn) {
      const auto [found, is_new] = figures.try_emplace(run, 0);
      if (is_new) found->second = runs[run].figure(times);
      sum += found->second;
    }
    return sum / static_cast<double>(drawn.size());
  }
};

using SpeakerNumbers = std::map<std::string, std::uint32_t>;  ///< by the name of a clip

/// The EER of scored trials.
Run eer_run(const std::string& file, const SpeakerNumbers& speaker_of, std::size_t speakers) {
  struct Compared {
    double score;
    std::uint32_t enroll, test;
    bool target;
  };
  std::vector<Compared> trials;
  for (const auto& [trial, score] : read_scores(file)) {
    const auto enroll = speaker_of.find(trial.enroll), test = speaker_of.find(trial.test);
    if (enroll == speaker_of.end() || test == speaker_of.end())
      throw Error(Fault::mismatch, file + ": has clips that the manifest does not have");
    trials.push_back({score, enroll->second, test->second, trial.target});
  }
  const auto figure = [trials = std::move(trials)](Times times) {
    Scores scores;  // a nontarget trial counts as often as the pair of its speakers
    for (const Compared& t : trials)
      if (t.target)
        scores.target.insert(scores.target.end(), times[t.enroll], t.score);
      else
        scores.nontarget.insert(scores.nontarget.end(), times[t.enroll] * times[t.test], t.score);
    if (scores.target.empty() || scores.nontarget.empty()) return std::nan("");
    return 100 * eer(scores).rocch;
  };
  return {figure, speakers};
}

/// The mean accuracy over episodes.
Run accuracy_run(const std::string& file) {
  std::ifstream lines(file);
  std::vector<double> accuracies;
  for (double value = 0; lines >> value;) accuracies.push_back(value);
  if (accuracies.empty()) throw Error(Fault::format, file + ": no accuracies");
  const std::size_t episodes = accuracies.size();
  const auto figure = [accuracies = std::move(accuracies)](Times times) {
    double sum = 0, count = 0;
    for (std::size_t e = 0; e < std::min(accuracies.size(), times.size()); ++e) {
      sum += accuracies[e] * times[e];
      count += times[e];
    }
    return 100 * sum / count;
  };
  return {figure, episodes};
}

std::vector<System> read_systems(const Arguments& args) {
  SpeakerNumbers speaker_of;
  std::size_t speakers = 0;
  if (args.kind == "eer") {
    const Manifest manifest = read_manifest(args.manifest);
    for (std::size_t i = 0; i < manifest.clips.size(); ++i)
      speaker_of[manifest.clips[i].name] = static_cast<std::uint32_t>(manifest.label_of[i]);
    speakers = manifest.labels.size();
  }
  std::vector<System> systems;
  for (const auto& argument : args.systems) {
    const auto cut = argument.rfind('=');
    System& system = systems.emplace_back();
    system.name = argument.substr(0, cut);
    std::istringstream files(argument.substr(cut + 1));
    for (std::string file; std::getline(files, file, ',');)
      system.runs.push_back(args.kind == "eer" ? eer_run(file, speaker_of, speakers)
                                               : accuracy_run(file));
  }
  return systems;
}

/// The figures of a system in the table.
struct Figures {
  double mean, difference;
};

/// The figures of every system for one draw of units and, for each system, of its runs.
std::vector<Figures> figures(std::span<const System> systems, Times times,
                             const std::vector<std::vector<std::size_t>>& drawn) {
  std::vector<Figures> result;
  for (std::size_t s = 0; s < systems.size(); ++s) {
    const Times known = times.first(std::min(systems[s].units(), systems[0].units()));
    const double mean = systems[s].mean(times, drawn[s]);
    const double same = known.size() == times.size() ? mean : systems[s].mean(known, drawn[s]);
    const double first =
        known.size() == times.size() && s > 0 ? result[0].mean : systems[0].mean(known, drawn[0]);
    result.push_back({mean, same - first});
  }
  return result;
}

/// The interval of the central 95 %.
Interval middle(std::span<const std::vector<Figures>> resamples, std::size_t system,
                double Figures::*figure) {
  std::vector<double> values;
  for (const auto& resample : resamples) values.push_back(resample[system].*figure);
  std::ranges::sort(values);
  const auto at = [&](double q) {
    return values[static_cast<std::size_t>(
        std::lround(q * static_cast<double>(values.size() - 1)))];
  };
  return {at(0.025), at(0.975)};
}

void run(const Arguments& args) {
  const auto systems = read_systems(args);
  std::size_t units = 0;
  std::vector<std::vector<std::size_t>> every;
  for (const System& system : systems) {
    units = std::max(units, system.units());
    auto& runs = every.emplace_back();
    for (std::size_t r = 0; r < system.runs.size(); ++r) runs.push_back(r);
  }
  const std::vector<std::uint32_t> once(units, 1);
  const auto found = figures(systems, once, every);

  std::vector<std::vector<Figures>> resamples(static_cast<std::size_t>(args.resamples));
  tbb::parallel_for(std::size_t{0}, resamples.size(), [&](std::size_t i) {
    std::mt19937_64 random(i);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    const auto says_nothing = [](const Figures& f) { return std::isnan(f.mean + f.difference); };
    do {
      std::vector<std::uint32_t> times(units);
      for (std::size_t draw = 0; draw < units; ++draw) ++times[below(units)];
      auto drawn = every;
      for (auto& runs : drawn) {
        const std::size_t count = runs.size();
        for (std::size_t& r : runs) r = below(count);
      }
      resamples[i] = figures(systems, times, drawn);
    } while (std::ranges::any_of(resamples[i], says_nothing));
  });

  std::string plot;
  for (std::size_t s = 0; s < systems.size(); ++s) {
    std::vector<std::string> runs;
    for (const Run& r : systems[s].runs) runs.push_back(fmt::format("{:.1f}", r.figure(once)));
    const auto [mean, difference] = found[s];
    const Interval of_mean = middle(resamples, s, &Figures::mean),
                   of_difference = middle(resamples, s, &Figures::difference);
    fmt::print("| {} | {} | {:.1f} [{:.1f}, {:.1f}] | {} |\n", systems[s].name,
               fmt::join(runs, ", "), mean, of_mean.low, of_mean.high,
               s == 0 ? "–"
                      : fmt::format("{:+.1f} [{:+.1f}, {:+.1f}]", difference, of_difference.low,
                                    of_difference.high));
    plot += fmt::format("{}\t{}\t{}\t{}\n", systems[s].name, mean, of_mean.low, of_mean.high);
  }
  if (!args.out.empty()) write_text(args.out, plot);
}

}  // namespace
}  // namespace twinear::claims

int main(int argc, char** argv) {
  twinear::claims::Arguments args;
  CLI::App app("Prints a table of systems with intervals, in Markdown");
  app.add_option("kind", args.kind)->required()->check(CLI::IsMember({"eer", "accuracy"}));
  app.add_option("systems", args.systems,
                 "NAME=FILE[,FILE...] for each system, with a file for each seed")
      ->required();
  app.add_option("--manifest", args.manifest, "Manifest that labels the clips, for eer");
  app.add_option("--resamples", args.resamples);
  app.add_option("-o,--out", args.out, "File for gnuplot: name, mean, low, high");
  CLI11_PARSE(app, argc, argv);
  try {
    twinear::claims::run(args);
  } catch (const twinear::Error& e) {
    fmt::print(stderr, "table: {}\n", e.what());
    return 2;
  }
}
