// SPDX-License-Identifier: Apache-2.0
#include "train/checkpoint.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "model/model_file.h"
#include "nn/network.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr const char *first = "adam.first.", *second = "adam.second.", *steps = "adam.steps.",
                     *state = "state.";

void restore(const SafetensorsFile& file, const std::string& name, std::span<float> to) {
  const auto& values = file.tensor(name).values;
  if (values.size() != to.size())
    throw Error(Fault::format,
                file.path() + ": tensor \"" + name + "\" is not as large as its parameter");
  std::ranges::copy(values, to.begin());
}

std::map<std::string, Matrix> read_state(const SafetensorsFile& file) {
  std::map<std::string, Matrix> tensors;
  for (const StoredTensor& stored : file.tensors()) {
    if (!stored.name.starts_with(state)) continue;
    const auto tensor = file.tensor(stored.name);
    if (tensor.shape.size() != 2)
      throw Error(Fault::format, file.path() + ": tensor \"" + stored.name + "\" is not a matrix");
    Matrix values(tensor.shape[0], tensor.shape[1]);
    std::ranges::copy(tensor.values, values.values().begin());
    tensors[stored.name.substr(std::string_view(state).size())] = std::move(values);
  }
  return tensors;
}

}  // namespace

void save_checkpoint(const std::string& path, const Model& model, const nn::Adam& adam,
                     const LoopState& loop) {
  auto tensors = model_tensors(model.encoder);
  for (const auto& moments : adam.moments) {
    tensors.push_back({first + moments.key, {moments.first.size()}, moments.first});
    tensors.push_back({second + moments.key, {moments.second.size()}, moments.second});
    tensors.push_back({steps + moments.key, {1}, std::span(&moments.steps, 1)});
  }
  for (const auto& [key, values] : loop.tensors)
    tensors.push_back({state + key, {values.rows(), values.cols()}, values.values()});
  auto metadata = model_metadata(model);
  metadata["progress"] = loop.progress;
  write_safetensors(path, std::move(tensors), metadata);
}

LoopState load_checkpoint(const std::string& path, Encoder& encoder, nn::Adam& adam) {
  const SafetensorsFile file(path);
  load_weights(file, encoder);
  for (auto& moments : adam.moments) {
    restore(file, first + moments.key, moments.first);
    restore(file, second + moments.key, moments.second);
    restore(file, steps + moments.key, std::span(&moments.steps, 1));
  }
  return {read_state(file), file.text("progress")};
}

}  // namespace twinear
