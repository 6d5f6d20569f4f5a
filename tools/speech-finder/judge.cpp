// SPDX-License-Identifier: Apache-2.0
// Makes sounds to judge finders of speech with, and finds speech by the energy rule and by weights.
//
// `make` writes FOLDER/scene-N-SNR.wav: two clips between pauses, clean and under noises of
// recordings, and FOLDER/NAME-N.wav: made sounds without speech. `find` reads names of files from
// standard input and prints a line for each: the name, the voiced frames by the energy rule, and
// the frames of speech by the network.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "augment/noise.h"
#include "base/threads.h"
#include "features/speech_net.h"
#include "scenes.h"
#include "sounds.h"
#include "twinear/audio.h"
#include "twinear/error.h"

namespace twinear::speech_finder {
namespace {

struct Arguments {
  std::vector<std::string> speech, noises;
  std::string folder, weights;
  std::uint32_t scenes = 200, sounds = 40;
};

constexpr int snrs[]{20, 10, 5, 0};

/// Two clips of the corpus with pauses before, between and after them.
Scene quiet_scene(const Recordings& speech, Random& random) {
  Scene scene;
  const auto pause = [&] {
    const std::size_t frames = 40 + random.below(120);
    scene.truth.insert(scene.truth.end(), frames, Truth::none);
    scene.samples.resize(scene.truth.size() * 160);
  };
  pause();
  for (int clip = 0; clip < 2; ++clip) {
    auto samples = speech[random.below(speech.sounds.size())];
    const auto truth = speech_truth(samples);
    samples.resize(truth.size() * 160);
    scene.samples.insert(scene.samples.end(), samples.begin(), samples.end());
    scene.truth.insert(scene.truth.end(), truth.begin(), truth.end());
    pause();
  }
  add_noise_under_speech(scene, colored_noise(scene.samples.size(), -3, rate, random), 50);
  return scene;
}

void write(const Arguments& arguments, const std::string& name, std::vector<float> samples) {
  float peak = 0;
  for (const float x : samples) peak = std::max(peak, std::abs(x));
  for (float& x : samples) x *= 0.5F / std::max(1e-6F, peak);
  write_audio((std::filesystem::path(arguments.folder) / (name + ".wav")).string(),
              {rate, std::move(samples)});
}

void make(const Arguments& arguments) {
  std::filesystem::create_directories(arguments.folder);
  const Recordings speech = read_recordings(arguments.speech, 100000);
  const std::vector<std::string> none;
  const Recordings noises = read_recordings(arguments.noises, 100000, none);
  parallel_for(arguments.scenes, [&](std::size_t i) {
    Random random(1, Purpose::test, static_cast<std::uint32_t>(i));
    const Scene quiet = quiet_scene(speech, random);
    write(arguments, fmt::format("scene-{:03}-clean", i), quiet.samples);
    const auto noise =
        excerpt(noises[random.below(noises.sounds.size())], quiet.samples.size(), random);
    for (const int snr : snrs) {
      Scene noisy = quiet;
      add_noise_under_speech(noisy, noise, snr);
      write(arguments, fmt::format("scene-{:03}-{:02}", i, snr), std::move(noisy.samples));
    }
  });
  const auto& names = judging_sounds();
  parallel_for(names.size() * arguments.sounds, [&](std::size_t i) {
    Random random(2, Purpose::test, static_cast<std::uint32_t>(i));
    const std::string& name = names[i % names.size()];
    write(arguments, fmt::format("{}-{:02}", name, i / names.size()),
          made_sound(name, 3 * rate, random));
  });
}

std::vector<float> read_weights(const std::string& path) {
  std::vector<float> weights(speech_weight_count());
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(weights.data()),
                 static_cast<std::streamsize>(weights.size() * sizeof(float))))
    throw Error(Fault::format, path + ": not the weights of this network");
  return weights;
}

void find(const Arguments& arguments) {
  const auto own = speech_weights();
  const std::vector<float> weights = arguments.weights.empty()
                                         ? std::vector<float>(own.begin(), own.end())
                                         : read_weights(arguments.weights);
  const LogMel log_mel(speech_front_end());
  std::vector<std::string> files, lines;
  for (std::string file; std::getline(std::cin, file);) files.push_back(file);
  lines.resize(files.size());
  parallel_for(files.size(), [&](std::size_t i) {
    const Waveform sound = read_audio(files[i]);
    const auto samples = resample(sound.samples, sound.sample_rate, rate);
    lines[i] = files[i] + "\t";
    for (const bool voiced : find_speech(samples, log_mel.front_end()).voiced)
      lines[i] += voiced ? '1' : '0';
    lines[i] += '\t';
    for (const bool speech : frames_of_speech(speech_evidence(log_mel(samples), weights.data())))
      lines[i] += speech ? '1' : '0';
  });
  for (const std::string& line : lines) fmt::print("{}\n", line);
}

}  // namespace
}  // namespace twinear::speech_finder

int main(int argc, char** argv) {
  using namespace twinear::speech_finder;
  Arguments arguments;
  CLI::App app{"Makes sounds to judge finders of speech with, and finds speech"};
  app.require_subcommand(1);
  auto* making = app.add_subcommand("make", "writes sounds");
  making->add_option("--speech", arguments.speech, "are manifests of clips of speech")->required();
  making->add_option("--noises", arguments.noises, "are manifests of other sounds")->required();
  making->add_option("--scenes", arguments.scenes, "is the number of scenes with speech");
  making->add_option("-o,--out", arguments.folder, "is the folder to write to")->required();
  auto* finding = app.add_subcommand("find", "finds speech in the files that standard input names");
  finding->add_option("--weights", arguments.weights, "takes these weights, not the library's");
  CLI11_PARSE(app, argc, argv);
  try {
    making->parsed() ? make(arguments) : find(arguments);
  } catch (const std::exception& e) {
    fmt::print(stderr, "speech_finder_judge: {}\n", e.what());
    return 2;
  }
}
