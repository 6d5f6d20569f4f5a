// SPDX-License-Identifier: Apache-2.0
#include "train/training_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <variant>

#include "augment/augmenter.h"
#include "base/files.h"
#include "twinear/error.h"

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

TrainingManifests read_training_manifests(const std::vector<std::string>& paths, LabelRule labels) {
  TrainingManifests result;
  std::vector<Clip> clips;
  for (std::size_t i = 0; i < paths.size(); ++i)
    for (Clip& clip : read_manifest(paths[i], labels).clips) {
      if (paths.size() > 1 && !clip.label.empty())
        clip.label = fmt::format("{}/{}", i + 1, clip.label);
      clips.push_back(std::move(clip));
      result.origin.push_back(i);
    }
  result.all = make_manifest(std::move(clips));
  return result;
}

std::vector<double> label_weights(const Manifest& manifest, std::span<const std::size_t> origin,
                                  const DataOptions& data) {
  if (data.train.size() < 2 || data.weights.empty()) return {};
  std::vector<double> weights(manifest.labels.size());
  for (std::size_t i = 0; i < manifest.clips.size(); ++i) {
    const double weight = data.weights.at(origin[i % origin.size()]);
    if (manifest.label_of[i] == no_label)
      weights.push_back(weight);
    else
      weights[static_cast<std::size_t>(manifest.label_of[i])] = weight;
  }
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
  const bool every = make_loss(recipe.loss)->needs().labels == LabelUse::every;
  auto read =
      read_training_manifests(options.train, every ? LabelRule::required : LabelRule::optional);
  TrainingData data;
  data.train = with_speed_labels(std::move(read.all), recipe.augment);
  data.label_weights = label_weights(data.train, read.origin, options);
  if (options.dev.empty()) return data;
  data.dev = read_manifest(
      options.dev, recipe.teacher.model.empty() ? LabelRule::required : LabelRule::optional);
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
  if (const auto without = std::ranges::count(data.train.label_of, no_label); without > 0)
    corpus["clips_without_label"] = without;
  if (!data.dev.clips.empty()) corpus["dev_checksum"] = checksum(data.dev);
  const AugmentSources sources = read_augment_sources(augment);
  for (const auto& [key, source] : {std::pair("noises_checksum", &sources.noises),
                                    std::pair("responses_checksum", &sources.responses)})
    if (!source->clips.empty()) corpus[key] = checksum(*source);
  return corpus;
}

}  // namespace twinear
