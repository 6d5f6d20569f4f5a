// SPDX-License-Identifier: Apache-2.0
// Trains the network that finds speech and writes its weights (float32, little-endian) to FILE.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <fstream>
#include <numbers>

#include "base/threads.h"
#include "network.h"
#include "scenes.h"
#include "twinear/error.h"

namespace twinear::speech_finder {
namespace {

struct Arguments {
  std::vector<std::string> speech, noises;
  std::string music, rooms, out;
  std::uint64_t seed = 0;
  std::uint32_t steps = 3000, batch = 16;
  double rate = 4e-3;
};

/// Sounds that people make with their voices, of which nobody can say whether they are speech.
const std::vector<std::string> voices{"crying_baby", "laughing"};

std::vector<float> train(const Arguments& arguments, const SceneMaker& maker) {
  auto weights = first_weights(arguments.seed);
  Adam adam(weights.size());
  double loss = 0;
  for (std::uint32_t step = 0; step < arguments.steps; ++step) {
    std::vector<std::vector<float>> gradients(arguments.batch, std::vector<float>(weights.size()));
    std::vector<double> losses(arguments.batch);
    parallel_for(arguments.batch, [&](std::size_t i) {
      const auto number = step * arguments.batch + static_cast<std::uint32_t>(i);
      losses[i] = add_gradient(maker(arguments.seed, number), weights, gradients[i]);
    });
    for (std::size_t i = 1; i < gradients.size(); ++i)
      for (std::size_t k = 0; k < weights.size(); ++k) gradients[0][k] += gradients[i][k];
    for (float& x : gradients[0]) x /= static_cast<float>(arguments.batch);
    const double done = static_cast<double>(step) / arguments.steps;
    adam.step(weights, gradients[0],
              arguments.rate * std::min(1.0, (step + 1) / 100.0) *
                  (0.5 + 0.5 * std::cos(std::numbers::pi * done)));
    for (const double one : losses) loss += one / arguments.batch;
    if ((step + 1) % 250 == 0) {
      fmt::print("step {}: mean cross-entropy {:.4f}\n", step + 1, loss / 250);
      std::fflush(stdout);
      loss = 0;
    }
  }
  return weights;
}

void run(const Arguments& arguments) {
  const SceneMaker maker(read_recordings(arguments.speech, 4500),
                         read_recordings(arguments.noises, 100000, voices),
                         read_recordings(std::span(&arguments.music, 1), 1000),
                         read_recordings(std::span(&arguments.rooms, 1), 1000));
  const auto weights = train(arguments, maker);
  std::ofstream file(arguments.out, std::ios::binary);
  file.write(reinterpret_cast<const char*>(weights.data()),
             static_cast<std::streamsize>(weights.size() * sizeof(float)));
  if (!file.flush()) throw Error(Fault::io, arguments.out + ": cannot be written");
}

}  // namespace
}  // namespace twinear::speech_finder

int main(int argc, char** argv) {
  twinear::speech_finder::Arguments arguments;
  CLI::App app{"Trains the network that finds speech"};
  app.add_option("--speech", arguments.speech, "are manifests of clips of speech")->required();
  app.add_option("--noises", arguments.noises, "are manifests of other sounds")->required();
  app.add_option("--music", arguments.music, "is a manifest of music without words")->required();
  app.add_option("--rooms", arguments.rooms, "is a manifest of impulse responses")->required();
  app.add_option("--steps", arguments.steps, "is the number of steps");
  app.add_option("--seed", arguments.seed, "seeds weights and scenes");
  app.add_option("--rate", arguments.rate, "is the highest learning rate");
  app.add_option("-o,--out", arguments.out, "is the file to write")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    twinear::speech_finder::run(arguments);
  } catch (const std::exception& e) {
    fmt::print(stderr, "speech_finder_train: {}\n", e.what());
    return 2;
  }
}
