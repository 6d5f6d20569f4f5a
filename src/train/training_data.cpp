// SPDX-License-Identifier: Apache-2.0
#include "train/training_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <variant>

#include "augment/augmenter.h"
#include "base/files.h"
#include "base/threads.h"
#include "twinear/error.h"
#include "twinear/trials.h"

namespace twinear {
namespace {

/// Throws Error (mismatch), `place` first, for a label of `dev` that training uses.
void refuse_shared_labels(const std::set<std::string>& trained, const Manifest& dev,
                          const std::string& place) {
  for (const auto& label : dev.labels)
    if (trained.contains(label))
      throw Error(
          Fault::mismatch,
          fmt::format("{}: \"{}\" is also in training; dev must hold others", place, label));
}

/// The bytes of a clip that no file holds; of others there are none.
std::string_view bytes_in_memory(const Clip& clip) {
  std::span<const float> values;
  if (const auto* wave = std::get_if<Waveform>(&clip.memory)) values = wave->samples;
  if (const auto* features = std::get_if<Matrix>(&clip.memory)) values = features->values();
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

}  // namespace

Manifest read_training_manifests(const std::vector<std::string>& paths) {
  if (paths.size() == 1) return read_manifest(paths[0]);
  std::vector<Clip> clips;
  for (std::size_t i = 0; i < paths.size(); ++i)
    for (Clip& clip : read_manifest(paths[i]).clips) {
      clip.label = fmt::format("{}/{}", i + 1, clip.label);
      clips.push_back(std::move(clip));
    }
  return make_manifest(std::move(clips));
}

std::vector<double> label_weights(const Manifest& manifest, const DataOptions& data) {
  std::vector<double> weights;
  if (data.train.size() < 2 || data.weights.empty()) return weights;
  for (const std::string& label : manifest.labels)
    weights.push_back(data.weights.at(std::stoul(label) - 1));  // the number before the slash
  return weights;
}

std::set<std::string> labels_as_written(const Manifest& manifest, const DataOptions& data) {
  std::set<std::string> labels;
  for (const std::string& label : manifest.labels)
    labels.insert(data.train.size() < 2 ? label : label.substr(label.find('/') + 1));
  return labels;
}

std::string checksum(const Manifest& manifest) {
  std::uint64_t state = hash_start;
  for (const Clip& clip : manifest.clips) {
    const auto in_memory = bytes_in_memory(clip);
    std::error_code none;
    const auto size =
        clip.path.empty() ? in_memory.size() : std::filesystem::file_size(clip.path, none);
    state = hash(fmt::format("{}\t{}\t{}\t{}\t{}\n", clip.name, clip.label, clip.start, clip.end,
                             none ? 0 : size),
                 state);
    state = hash(in_memory, state);
  }
  return hex(state);
}

TrainingData read_training_data(const Recipe& recipe) {
  const DataOptions& options = recipe.data;
  TrainingData data;
  data.train = with_speed_labels(read_training_manifests(options.train), recipe.augment);
  data.label_weights = label_weights(data.train, options);
  if (options.dev.empty()) return data;
  data.dev = read_manifest(options.dev);
  refuse_shared_labels(labels_as_written(data.train, options), data.dev, options.dev);
  return data;
}

TrainingData prepare(const Recipe& recipe, TrainingData data) {
  refuse_shared_labels({data.train.labels.begin(), data.train.labels.end()}, data.dev, "dev");
  data.train = with_speed_labels(std::move(data.train), recipe.augment);
  return data;
}

nlohmann::ordered_json describe(const TrainingData& data, const AugmentOptions& augment) {
  nlohmann::ordered_json corpus{{"clips", data.train.clips.size()},
                                {"labels", data.train.labels.size()},
                                {"checksum", checksum(data.train)}};
  if (!data.dev.clips.empty()) corpus["dev_checksum"] = checksum(data.dev);
  const AugmentSources sources = read_augment_sources(augment);
  for (const auto& [key, source] : {std::pair("noises_checksum", &sources.noises),
                                    std::pair("responses_checksum", &sources.responses)})
    if (!source->clips.empty()) corpus[key] = checksum(*source);
  return corpus;
}

DevSet::DevSet(const Manifest& manifest, FeatureSource features, std::size_t trials,
               std::uint64_t seed)
    : clips_(manifest.clips.size()), features_(std::move(features)) {
  std::map<std::string, std::size_t> clip_of;
  for (std::size_t i = 0; i < clips_; ++i) clip_of[manifest.clips[i].name] = i;
  for (const Trial& t : make_trials(manifest, trials, seed))
    trials_.push_back({clip_of.at(t.enroll), clip_of.at(t.test), t.target});
  const auto targets = std::ranges::count(trials_, true, &IndexedTrial::target);
  if (targets == 0 || targets == std::ssize(trials_))
    throw Error(Fault::config,
                fmt::format("{} clips of {} labels; dev needs two labels, and two clips of one",
                            clips_, manifest.labels.size()));
}

Scores DevSet::score(const Encoder& encoder) const {
  constexpr std::size_t at_once = 256;  // clips whose features are held beside the source's
  Matrix embeddings(clips_, encoder.dimension());
  for (std::size_t begin = 0; begin < clips_; begin += at_once) {
    std::vector<Matrix> features(std::min(at_once, clips_ - begin));
    parallel_for(features.size(), [&](std::size_t i) { features[i] = *features_(begin + i, 0); });
    std::ranges::copy(encoder.embed(features).values(), embeddings.row(begin).begin());
  }
  Scores scores;
  for (const auto& [enroll, test, target] : trials_)
    (target ? scores.target : scores.nontarget)
        .push_back(cosine(embeddings.row(enroll), embeddings.row(test)));
  return scores;
}

}  // namespace twinear
