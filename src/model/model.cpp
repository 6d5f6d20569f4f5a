// SPDX-License-Identifier: Apache-2.0
#include "twinear/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numbers>

#include "base/json.h"
#include "base/random.h"
#include "base/settings.h"
#include "base/threads.h"
#include "base/within.h"
#include "features/front_end.h"
#include "linalg/gemm.h"
#include "model/calibration_json.h"
#include "model/model_file.h"
#include "nn/encoder_spec.h"
#include "nn/network.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr const char* format_name = "twinear 1";
constexpr const char* adaptation_mean = "adaptation.mean";
constexpr const char* adaptation_whitening = "adaptation.whitening";
constexpr const char* adaptation_removed = "adaptation.removed";

bool finite(std::span<const float> values) {
  unsigned bad = 0;  // looks at all of them, which lets the compiler look at many at once
  for (const float v : values) bad |= std::isfinite(v) ? 0U : 1U;
  return bad == 0;
}

/// Half a second of two tones in noise, which every build must embed alike.
std::vector<float> test_signal(int sample_rate) {
  Random random(0, Purpose::selftest);
  std::vector<float> samples(static_cast<std::size_t>(sample_rate) / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = 2.0 * std::numbers::pi * static_cast<double>(i) / sample_rate;
    samples[i] = static_cast<float>(0.3 * std::sin(220.0 * t) + 0.2 * std::sin(1730.0 * t) +
                                    0.1 * (random.uniform() - 0.5));
  }
  return samples;
}

std::optional<Adaptation> read_adaptation(const SafetensorsFile& file, std::size_t dimension) {
  const auto has = [&](const char* name) {
    return std::ranges::find(file.tensors(), name, &StoredTensor::name) != file.tensors().end();
  };
  const auto refuse = [&](const char* name) {
    throw Error(Fault::format,
                fmt::format("{}: tensor \"{}\": it is not an adaptation of {} dimensions",
                            file.path(), name, dimension));
  };
  const auto matrix = [&](const char* name, std::size_t max_rows) {
    const auto& tensor = file.tensor(name);
    const auto& shape = tensor.shape;
    if (shape.size() != 2 || shape[0] == 0 || shape[0] > max_rows || shape[1] != dimension ||
        !finite(tensor.values))
      refuse(name);
    Matrix result(shape[0], dimension);
    std::ranges::copy(tensor.values, result.values().begin());
    return result;
  };
  if (!has(adaptation_mean) && !has(adaptation_removed)) return {};
  Adaptation adaptation;
  if (has(adaptation_mean)) {
    const auto& tensor = file.tensor(adaptation_mean);
    if (tensor.shape != std::vector{dimension} || !finite(tensor.values)) refuse(adaptation_mean);
    adaptation.mean.assign(tensor.values.begin(), tensor.values.end());
  }
  if (has(adaptation_whitening)) {
    adaptation.whitening = matrix(adaptation_whitening, dimension);
    if (adaptation.whitening.rows() != dimension) refuse(adaptation_whitening);
  }
  if (has(adaptation_removed)) adaptation.removed = matrix(adaptation_removed, dimension - 1);
  return adaptation;
}

}  // namespace

Matrix selftest_embedding(const Model& model) {
  FrontEnd front_end = model.front_end;
  front_end.vad = Vad::none;  // whether tones are speech is not what is tested
  const Matrix features = LogMel(front_end)(test_signal(front_end.sample_rate));
  return model.encoder.embed(std::span(&features, 1));
}

double selftest_difference(const Model& model, const nlohmann::ordered_json& stored,
                           const std::string& place) {
  const Matrix now = selftest_embedding(model);
  const auto values = now.values();
  if (!stored.is_array() || stored.size() != values.size())
    throw Error(Fault::format, fmt::format("{}: selftest: expected an embedding of {} numbers",
                                           place, values.size()));
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!stored[i].is_number())
      throw Error(Fault::format, place + ": selftest: a value is not a number");
    worst = std::max(worst, std::abs(stored[i].get<double>() - values[i]));
  }
  return worst;
}

std::vector<NamedTensor> model_tensors(const Encoder& encoder) {
  std::vector<NamedTensor> tensors;
  for (const auto& [key, p] : nn::network_of(encoder).parameters())
    tensors.push_back({key, p->shape, p->value});
  return tensors;
}

std::map<std::string, std::string> model_metadata(const Model& model) {
  const auto embedding = selftest_embedding(model);
  const auto values = embedding.values();
  std::map<std::string, std::string> metadata{
      {"format", format_name},
      {"front_end", to_json(model.front_end)},
      {"encoder", encoder_spec_json(model.encoder.spec())},
      {"provenance", model.provenance},
      {"selftest", nlohmann::json(std::vector<float>(values.begin(), values.end())).dump()}};
  if (model.calibration) metadata["calibration"] = calibration_json(*model.calibration);
  if (model.source != "source") metadata["source"] = model.source;
  return metadata;
}

void load_weights(const SafetensorsFile& file, Encoder& encoder) {
  const auto parameters = nn::network_of(encoder).parameters();
  parallel_for(parameters.size(), [&](std::size_t i) {
    const auto& [key, p] = parameters[i];
    const auto& tensor = file.tensor(key);
    if (tensor.shape != p->shape)
      throw Error(Fault::format,
                  fmt::format("{}: tensor \"{}\": expected the shape [{}], found [{}]", file.path(),
                              key, fmt::join(p->shape, ", "), fmt::join(tensor.shape, ", ")));
    if (!finite(tensor.values))
      throw Error(Fault::format,
                  fmt::format("{}: tensor \"{}\": a value is not finite", file.path(), key));
    std::ranges::copy(tensor.values, p->value.begin());
  });
  nn::network_of(encoder).weights_changed();
}

Model read_model(const SafetensorsFile& file) {
  const std::string& path = file.path();
  if (file.text("format") != format_name)
    throw Error(Fault::format, fmt::format("{}: expected the format \"{}\", found \"{}\"", path,
                                           format_name, file.text("format")));
  FrontEnd front_end;
  Settings::from_json(file.text("front_end"), path + ": front_end").read("", front_end);
  EncoderSpec spec = parse_encoder_spec(file.text("encoder"), path + ": encoder");
  if (spec.bins != front_end.mel_bins)
    throw Error(Fault::mismatch,
                fmt::format("{}: the encoder takes {} mel bins; the front end has {}", path,
                            spec.bins, front_end.mel_bins));
  parse_json(file.text("provenance"), path + ": provenance");
  Encoder encoder = within(path, [&] { return Encoder(std::move(spec), std::nullopt); });
  Model model{front_end, std::move(encoder), {}, file.text("provenance"), {}};
  const auto& metadata = file.metadata();
  if (const auto found = metadata.find("calibration"); found != metadata.end())
    model.calibration = parse_calibration(found->second, path + ": calibration");
  if (const auto found = metadata.find("source"); found != metadata.end()) {
    within(path, [&] { check_source(found->second); });
    model.source = found->second;
  }
  load_weights(file, model.encoder);
  model.adaptation = read_adaptation(file, model.encoder.dimension());
  return model;
}

void check_source(const std::string& source) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || c == '-' || c == ' '; };
  if (source.empty() || source.size() > 32 || !std::ranges::all_of(source, fits))
    throw Error(Fault::config,
                "a source is named by 1 to 32 lower-case letters, hyphens and blanks");
}

void save_model(const Model& model, const std::string& path) {
  if (model.front_end.mel_bins != model.encoder.spec().bins)
    throw Error(Fault::config,
                fmt::format("{}: the front end has {} mel bins; the encoder takes {}", path,
                            model.front_end.mel_bins, model.encoder.spec().bins));
  within(path, [&] { check_source(model.source); });
  auto tensors = model_tensors(model.encoder);
  for (const NamedTensor& tensor : tensors)
    if (!finite(tensor.values))
      throw Error(Fault::numeric,
                  fmt::format("{}: the model is not saved: tensor \"{}\" holds a value that is not "
                              "finite",
                              path, tensor.name));
  if (const auto& a = model.adaptation) {
    if (!a->mean.empty()) tensors.push_back({adaptation_mean, {a->mean.size()}, a->mean});
    for (const auto& [name, matrix] : {std::pair(adaptation_whitening, &a->whitening),
                                       std::pair(adaptation_removed, &a->removed)})
      if (matrix->rows() > 0)
        tensors.push_back({name, {matrix->rows(), matrix->cols()}, matrix->values()});
  }
  write_safetensors(path, std::move(tensors), model_metadata(model));
}

Model load_model(const std::string& path, ModelId wanted) {
  Background preparing;
  preparing.run(prepare_multiply);  // the encoder will need it
  const SafetensorsFile file(path);
  std::string id;
  Background hashing;
  if (wanted == ModelId::computed) hashing.run([&] { id = file.id(); });
  Model model = read_model(file);
  hashing.wait();
  preparing.wait();
  model.id = id;
  return model;
}

double selftest(const std::string& path) {
  return selftest(load_model(path, ModelId::left_empty), path);
}

double selftest(const Model& model, const std::string& path) {
  const auto stored = parse_json(SafetensorsFile(path).text("selftest"), path + ": selftest");
  return selftest_difference(model, stored, path);
}

}  // namespace twinear
