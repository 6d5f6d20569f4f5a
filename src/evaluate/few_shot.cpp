// SPDX-License-Identifier: Apache-2.0
#include "twinear/few_shot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <stdexcept>
#include <unordered_map>

#include "base/files.h"
#include "base/json.h"
#include "base/random.h"
#include "base/threads.h"
#include "base/vectors.h"
#include "data/clip_lists.h"
#include "twinear/error.h"

namespace twinear {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* format_name = "twinear episodes 1";

/// Identifies a clip by its name and, if it is a part of a recording, by its place in that.
std::string key_of(const Clip& clip) {
  return clip.start == 0 && clip.end == 0
             ? clip.name
             : fmt::format("{}#{}-{}", clip.name, clip.start, clip.end);
}

std::unordered_map<std::string, std::size_t> clips_by_key(const Manifest& manifest) {
  std::unordered_map<std::string, std::size_t> clips;
  for (std::size_t i = 0; i < manifest.clips.size(); ++i)
    if (const auto key = key_of(manifest.clips[i]); !clips.emplace(key, i).second)
      throw Error(Fault::format, fmt::format("{}: is listed twice among the clips", key));
  return clips;
}

/// Tells what is wrong with an episode; "" if nothing is.
std::string flaw(const Episode& episode, const Manifest& manifest) {
  const std::size_t way = episode.classes.size();
  if (way < 2 || std::set(episode.classes.begin(), episode.classes.end()).size() != way)
    return "expected at least two classes, each of them once";
  std::set<std::size_t> seen;
  for (const auto* clips : {&episode.support, &episode.query}) {
    if (clips->empty() || clips->size() % way != 0)
      return "expected equally many clips of each class";
    const std::size_t each = clips->size() / way;
    for (std::size_t i = 0; i < clips->size(); ++i) {
      const std::string& name = manifest.clips[(*clips)[i]].name;
      if (manifest.label_of[(*clips)[i]] != episode.classes[i / each])
        return name + ": is not of its class";
      if (!seen.insert((*clips)[i]).second) return name + ": is listed twice";
    }
  }
  return {};
}

/// A direction that queries are compared with, and its class.
struct Reference {
  std::vector<double> direction;
  std::size_t of_class;
};

std::vector<Reference> references(const std::vector<std::vector<float>>& rows,
                                  const Episode& episode, Classifier classifier) {
  const std::size_t shot = episode.support.size() / episode.classes.size();
  std::vector<Reference> result;
  for (std::size_t i = 0; i < episode.support.size(); ++i) {
    const auto& row = rows[episode.support[i]];
    if (classifier == Classifier::neighbor || i % shot == 0) {
      result.push_back({{row.begin(), row.end()}, i / shot});
      continue;
    }
    auto& sum = result.back().direction;
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += row[k];
  }
  for (auto& [direction, of_class] : result) {
    const double length = std::sqrt(dot(direction, direction));
    if (length > 0)
      for (double& v : direction) v /= length;
  }
  return result;
}

}  // namespace

std::vector<Episode> draw_episodes(const Manifest& manifest, const EpisodeOptions& options) {
  if (options.way < 2 || options.shot < 1 || options.query < 1 || options.episodes < 1)
    throw std::invalid_argument(
        "draw_episodes: expected way of at least 2, and shot, query and episodes of at least 1");
  clips_by_key(manifest);
  const auto way = static_cast<std::size_t>(options.way);
  const auto shot = static_cast<std::size_t>(options.shot);
  const auto query = static_cast<std::size_t>(options.query);
  const auto clips_of = clips_by_label(manifest);
  if (clips_of.size() < way)
    throw Error(Fault::config,
                fmt::format("{} classes; {}-way episodes need {}", clips_of.size(), way, way));
  for (std::size_t label = 0; label < clips_of.size(); ++label)
    if (clips_of[label].size() < shot + query)
      throw Error(
          Fault::config,
          fmt::format("class \"{}\": found {} clips; expected {} for support and {} for queries",
                      manifest.labels[label], clips_of[label].size(), shot, query));

  std::vector<Episode> episodes(static_cast<std::size_t>(options.episodes));
  parallel_for(episodes.size(), [&](std::size_t i) {
    Random random(options.seed, Purpose::episode, static_cast<std::uint32_t>(i));
    std::vector<int> labels(clips_of.size());
    std::iota(labels.begin(), labels.end(), 0);
    random.shuffle(std::span(labels));
    Episode& episode = episodes[i];
    episode.classes.assign(labels.begin(), labels.begin() + options.way);
    for (const int label : episode.classes) {
      auto clips = clips_of[static_cast<std::size_t>(label)];
      random.shuffle(std::span(clips));
      const auto middle = clips.begin() + options.shot;
      episode.support.insert(episode.support.end(), clips.begin(), middle);
      episode.query.insert(episode.query.end(), middle, middle + options.query);
    }
  });
  return episodes;
}

void write_episodes(const std::string& path, std::span<const Episode> episodes,
                    const Manifest& manifest) {
  const auto keys = [&](std::span<const std::size_t> clips) {
    Json names = Json::array();
    for (const std::size_t clip : clips) names.push_back(key_of(manifest.clips[clip]));
    return names;
  };
  std::string text = shown({{"format", format_name}}) + "\n";
  for (const Episode& episode : episodes) {
    Json classes = Json::array();
    for (const int label : episode.classes)
      classes.push_back(manifest.labels[static_cast<std::size_t>(label)]);
    text += shown({{"classes", std::move(classes)},
                   {"support", keys(episode.support)},
                   {"query", keys(episode.query)}}) +
            "\n";
  }
  write_file(path, text);
}

std::vector<Episode> read_episodes(const std::string& path, const Manifest& manifest) {
  const auto clips = clips_by_key(manifest);
  std::unordered_map<std::string, int> labels;
  for (const auto& label : manifest.labels) labels.emplace(label, static_cast<int>(labels.size()));
  const std::string text = read_file(path);
  std::vector<Episode> episodes;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string place = fmt::format("{}:{}", path, ++number);
    const auto json = parse_json(text.substr(begin, end - begin), place);
    begin = end + 1;
    const auto look_up = [&](const auto& table, const std::string& name, const char* what) {
      const auto found = table.find(name);
      if (found == table.end())
        throw Error(Fault::mismatch,
                    fmt::format("{}: {} \"{}\" is not in the manifest", place, what, name));
      return found->second;
    };
    try {
      if (number == 1) {
        if (json.at("format") != format_name)
          throw Error(Fault::format, fmt::format("{}: expected format \"{}\"", place, format_name));
        continue;
      }
      Episode episode;
      for (const auto& label : json.at("classes"))
        episode.classes.push_back(look_up(labels, label.template get<std::string>(), "class"));
      for (const auto& name : json.at("support"))
        episode.support.push_back(look_up(clips, name.template get<std::string>(), "clip"));
      for (const auto& name : json.at("query"))
        episode.query.push_back(look_up(clips, name.template get<std::string>(), "clip"));
      if (const std::string what = flaw(episode, manifest); !what.empty())
        throw Error(Fault::format, fmt::format("{}: {}", place, what));
      episodes.push_back(std::move(episode));
    } catch (const nlohmann::json::exception&) {
      throw Error(Fault::format, place + ": not an episode");
    }
  }
  if (episodes.empty()) throw Error(Fault::format, path + ": no episodes");
  return episodes;
}

std::vector<Episode> shuffle_labels(std::span<const Episode> episodes, std::uint64_t seed) {
  std::vector<Episode> result(episodes.begin(), episodes.end());
  for (std::size_t i = 0; i < result.size(); ++i) {
    auto& [classes, support, query] = result[i];
    std::vector<std::size_t> clips(support);
    clips.insert(clips.end(), query.begin(), query.end());
    Random(seed, Purpose::label_shuffle, static_cast<std::uint32_t>(i)).shuffle(std::span(clips));
    const auto middle = clips.begin() + static_cast<std::ptrdiff_t>(support.size());
    support.assign(clips.begin(), middle);
    query.assign(middle, clips.end());
  }
  return result;
}

Standardization fit_standardization(const Matrix& base) {
  if (base.rows() < 2)
    throw Error(Fault::numeric, "standardization: expected embeddings of at least two clips");
  Standardization s{std::vector<double>(base.cols()), std::vector<double>(base.cols())};
  const auto n = static_cast<double>(base.rows());
  for (std::size_t r = 0; r < base.rows(); ++r)
    for (std::size_t i = 0; i < s.mean.size(); ++i) s.mean[i] += base.row(r)[i] / n;
  for (std::size_t r = 0; r < base.rows(); ++r)
    for (std::size_t i = 0; i < s.mean.size(); ++i) {
      const double apart = base.row(r)[i] - s.mean[i];
      s.deviation[i] += apart * apart / n;
    }
  for (double& d : s.deviation) d = std::sqrt(d);
  return s;
}

void Standardization::apply(Matrix& embeddings) const {
  if (embeddings.cols() != mean.size())
    throw std::invalid_argument("standardization: the embeddings have another size");
  parallel_for(embeddings.rows(), [&](std::size_t r) {
    const auto row = embeddings.row(r);
    std::vector<double> z(row.size());
    for (std::size_t i = 0; i < z.size(); ++i)
      z[i] = deviation[i] > 0 ? (row[i] - mean[i]) / deviation[i] : 0;
    const double length = std::sqrt(dot(z, z));
    for (std::size_t i = 0; i < z.size(); ++i)
      row[i] = static_cast<float>(length > 0 ? z[i] / length : 0);
  });
}

std::vector<double> few_shot_accuracies(const Matrix& embeddings, std::span<const Episode> episodes,
                                        Classifier classifier) {
  std::vector<std::vector<float>> rows;
  for (std::size_t i = 0; i < embeddings.rows(); ++i) rows.push_back(unit(embeddings.row(i)));
  std::vector<double> accuracies(episodes.size());
  parallel_for(episodes.size(), [&](std::size_t e) {
    const Episode& episode = episodes[e];
    const auto shown = references(rows, episode, classifier);
    const std::size_t each = episode.query.size() / episode.classes.size();
    std::size_t right = 0;
    for (std::size_t q = 0; q < episode.query.size(); ++q) {
      const auto nearest = std::ranges::max_element(
          shown, {}, [&](const Reference& r) { return dot(rows[episode.query[q]], r.direction); });
      right += nearest->of_class == q / each ? 1 : 0;
    }
    accuracies[e] = static_cast<double>(right) / static_cast<double>(episode.query.size());
  });
  return accuracies;
}

FewShotAccuracy few_shot_accuracy(std::span<const double> accuracies, std::size_t queries) {
  if (accuracies.empty()) throw std::invalid_argument("few_shot_accuracy: no episodes");
  const auto n = static_cast<double>(accuracies.size());
  const double mean = std::accumulate(accuracies.begin(), accuracies.end(), 0.0) / n;
  constexpr double z = 1.96;
  double squares = 0;
  for (const double a : accuracies) squares += (a - mean) * (a - mean);
  const double half = accuracies.size() == 1 ? std::numeric_limits<double>::quiet_NaN()
                                             : z * std::sqrt(squares / (n - 1)) / std::sqrt(n);
  if (half > 0 || queries == 0) return {mean, half};
  const double q = n * static_cast<double>(queries);
  const double center = (mean + z * z / (2 * q)) / (1 + z * z / q);
  const double wilson =
      z * std::sqrt(mean * (1 - mean) / q + z * z / (4 * q * q)) / (1 + z * z / q);
  return {mean, wilson + std::abs(center - mean)};
}

}  // namespace twinear
