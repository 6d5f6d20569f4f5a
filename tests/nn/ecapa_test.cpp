// SPDX-License-Identifier: Apache-2.0
// SpeechBrain's ECAPA-TDNN as the reference: tests/golden/make_ecapa.py
#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "base/threads.h"
#include "model/safetensors.h"
#include "nn/execution.h"
#include "twinear/encoder.h"

namespace twinear {
namespace {

EncoderSpec reference_spec() {
  return EncoderSpec::ecapa({.bins = 80,
                             .channels = 32,
                             .aggregated = 96,
                             .attention = 16,
                             .squeeze = 16,
                             .scale = 8,
                             .embedding = 24,
                             .unit = false});
}

/// SpeechBrain's name of a parameter.
std::string reference_name(std::string key) {
  const std::pair<const char*, const char*> rules[] = {
      {R"(^block(\d)\.)", "blocks.$1."},
      {R"(^attention\.context\.)", "asp.tdnn.conv.conv."},
      {R"(^attention\.norm\.)", "asp.tdnn.norm.norm."},
      {R"(^attention\.conv\.)", "asp.conv.conv."},
      {R"(^pooled_norm\.)", "asp_bn.norm."},
      {R"(^projection\.)", "fc.conv."},
      {R"(\.se\.reduce\.)", ".se_block.conv1.conv."},
      {R"(\.se\.expand\.)", ".se_block.conv2.conv."},
      {R"(\.res2\.1\.)", ".res2net_block.blocks.0."},
      {R"(\.res2\.2\.)", ".res2net_block.blocks.1."},
      {R"(\.res2\.3\.)", ".res2net_block.blocks.2."},
      {R"(\.res2\.4\.)", ".res2net_block.blocks.3."},
      {R"(\.res2\.5\.)", ".res2net_block.blocks.4."},
      {R"(\.res2\.6\.)", ".res2net_block.blocks.5."},
      {R"(\.res2\.7\.)", ".res2net_block.blocks.6."},
      {R"(\.(conv|norm)\.(weight|bias|running_mean|running_var)$)", ".$1.$1.$2"},
      {R"(^(asp\.tdnn|asp)\.(conv|norm)\.\2\.\2\.)", "$1.$2.$2."},
      {R"(^asp_bn\.norm\.norm\.)", "asp_bn.norm."},
      {R"(^fc\.conv\.conv\.)", "fc.conv."},
      {R"(\.se_block\.(conv\d)\.conv\.conv\.)", ".se_block.$1.conv."}};
  for (const auto& [from, to] : rules) key = std::regex_replace(key, std::regex(from), to);
  return key;
}

const SafetensorsFile& golden() {
  static const SafetensorsFile file(TWINEAR_SOURCE_DIR "/tests/golden/ecapa.safetensors");
  return file;
}

void load_reference(nn::Network& network) {
  for (const auto& [key, parameter] : network.parameters()) {
    const auto& values = golden().tensor("weights." + reference_name(key)).values;
    ASSERT_EQ(values.size(), parameter->value.size()) << key;
    std::ranges::copy(values, parameter->value.begin());
  }
  network.weights_changed();
}

/// |found - reference| / |reference|, or over 1e-2 where the reference is nothing but rounding (a
/// bias before a softmax over time has no gradient).
double difference(std::span<const float> found, const std::string& reference) {
  const auto& values = golden().tensor(reference).values;
  EXPECT_EQ(values.size(), found.size()) << reference;
  double apart = 0, length = 0;
  for (std::size_t i = 0; i < std::min(values.size(), found.size()); ++i) {
    apart += std::pow(static_cast<double>(values[i]) - found[i], 2);
    length += std::pow(static_cast<double>(values[i]), 2);
  }
  return std::sqrt(apart) / std::max(std::sqrt(length), 1e-2);
}

TEST(Ecapa, EmbedsAsSpeechBrainDoes) {
  Encoder encoder(reference_spec(), 0);
  load_reference(nn::network_of(encoder));
  std::vector<Matrix> clips;
  for (const char* frames : {"40", "200", "301"}) {
    const auto& features = golden().tensor(std::string("eval.features_") + frames);
    clips.emplace_back(features.shape[0], features.shape[1]);
    std::ranges::copy(features.values, clips.back().values().begin());
  }
  const Matrix together = encoder.embed(clips);
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const std::string name = "eval.embedding_" + std::to_string(clips[i].rows());
    const auto& expected = golden().tensor(name).values;
    const Matrix alone = encoder.embed(std::span(&clips[i], 1));
    for (std::size_t c = 0; c < expected.size(); ++c) {
      EXPECT_NEAR(alone.row(0)[c], expected[c], 1e-4) << name;
      EXPECT_NEAR(together.row(i)[c], expected[c], 1e-4) << name;
    }
  }
}

TEST(Ecapa, ATrainingStepIsSpeechBrains) {
  nn::Network network(reference_spec(), 0);
  load_reference(network);
  const auto& features = golden().tensor("train.features");
  nn::Execution pass(network, {4, 80, 80}, nn::Mode::training, {.input_gradient = true});
  std::ranges::copy(features.values, pass.input().value.begin());
  pass.forward();
  EXPECT_LT(difference(pass.output().value, "train.embedding"), 1e-3);
  std::ranges::copy(golden().tensor("train.weights_of_loss").values,
                    pass.output().gradient.begin());
  pass.backward();
  EXPECT_LT(difference(pass.input().gradient, "train.grad.features"), 1e-3);
  for (const auto& [key, parameter] : network.parameters()) {
    const std::string name = reference_name(key);
    if (!parameter->learned())
      EXPECT_LT(difference(parameter->value, "train.after." + name), 1e-3) << key;
    else
      EXPECT_LT(difference(parameter->gradient, "train.grad." + name), 1e-3) << key;
  }
}

TEST(Ecapa, HasTheSameGradientsAtAnyNumberOfThreads) {
  const auto gradients = [](int threads) {
    const ThreadLimit limit(threads);
    nn::Network network(reference_spec(), 1);
    nn::Execution pass(network, {19, 30, 80}, nn::Mode::training);
    for (std::size_t i = 0; i < pass.input().value.size(); ++i)
      pass.input().value[i] = std::sin(0.37F * static_cast<float>(i));
    pass.forward();
    std::ranges::fill(pass.output().gradient, 1.0F);
    pass.backward();
    std::vector<nn::Buffer> all;
    for (const auto& [key, parameter] : network.parameters()) all.push_back(parameter->gradient);
    return all;
  };
  EXPECT_EQ(gradients(1), gradients(3));
}

TEST(Ecapa, HasTheReferencesSize) {
  const Encoder encoder(EncoderSpec::ecapa({}), 0);  // C = 512: 6.2 million in the paper
  EXPECT_NEAR(static_cast<double>(encoder.parameter_count()), 6.2e6, 0.1e6);
}

TEST(Xvector, EmbedsAndTrains) {
  const EncoderSpec spec =
      EncoderSpec::xvector({.bins = 20, .channels = 16, .pooled = 24, .embedding = 8});
  nn::Network network(spec, 1);
  nn::Execution pass(network, {10, 40, 20}, nn::Mode::training);
  for (std::size_t i = 0; i < pass.input().value.size(); ++i)
    pass.input().value[i] = std::sin(0.37F * static_cast<float>(i));
  pass.forward();
  std::ranges::fill(pass.output().gradient, 1.0F);
  pass.backward();
  for (const auto& [key, parameter] : network.parameters())
    if (parameter->learned()) {
      double sum = 0;
      for (const float g : parameter->gradient) sum += std::abs(g);
      EXPECT_GT(sum, 0.0) << key;
    }
}

}  // namespace
}  // namespace twinear
