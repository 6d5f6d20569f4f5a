// SPDX-License-Identifier: Apache-2.0
#include "model/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "model/model_file.h"
#include "nn/network.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr const char *first = "adam.first.", *second = "adam.second.";

void restore(const SafetensorsFile& file, const std::string& name, nn::Buffer& to) {
  const auto& values = file.tensor(name).values;
  if (values.size() != to.size())
    throw Error(Fault::format, "tensor \"" + name + "\": its size is not its parameter's");
  std::ranges::copy(values, to.begin());
}

}  // namespace

void save_checkpoint(const std::string& path, const Model& model, const nn::Adam& adam,
                     const std::string& progress) {
  auto tensors = model_tensors(model.encoder);
  for (const auto& moments : adam.moments) {
    tensors.push_back({first + moments.key, {moments.first.size()}, moments.first});
    tensors.push_back({second + moments.key, {moments.second.size()}, moments.second});
  }
  auto metadata = model_metadata(model);
  metadata["progress"] = progress;
  metadata["adam_steps"] = std::to_string(adam.steps);
  write_safetensors(path, std::move(tensors), metadata);
}

std::string load_checkpoint(const std::string& path, Model& model, nn::Adam& adam) {
  const SafetensorsFile file(path);
  try {
    load_weights(file, model.encoder);
    for (auto& moments : adam.moments) {
      restore(file, first + moments.key, moments.first);
      restore(file, second + moments.key, moments.second);
    }
    const std::string& steps = file.text("adam_steps");
    const char* end = steps.data() + steps.size();
    if (std::from_chars(steps.data(), end, adam.steps).ptr != end)
      throw Error(Fault::format, "adam_steps: \"" + steps + "\" is not a number");
    return file.text("progress");
  } catch (const Error& e) {
    throw e.within(path);
  }
}

}  // namespace twinear
