// SPDX-License-Identifier: Apache-2.0
#include "train/training_corpus.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.h"

namespace twinear {

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
    std::error_code none;
    const auto size = std::filesystem::file_size(clip.path, none);
    state = hash(fmt::format("{}\t{}\t{}\t{}\t{}\n", clip.name, clip.label, clip.start, clip.end,
                             none ? 0 : size),
                 state);
  }
  return hex(state);
}

}  // namespace twinear
