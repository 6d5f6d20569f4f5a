// SPDX-License-Identifier: Apache-2.0
// own_loop: a training loop of one's own on samples in memory. Eight "voices" are tones with
// overtones in noise; the encoder learns to tell them apart, and is judged by two that it never
// heard.
#include <twinear/batch_loader.h>
#include <twinear/clip_features.h>
#include <twinear/learner.h>
#include <twinear/metrics.h>

#include <cmath>
#include <cstdio>
#include <random>

/// One second of a voice: its pitch, and noise that differs from clip to clip.
twinear::Clip clip_of_voice(int voice, unsigned take) {
  std::minstd_rand random(take * 97 + static_cast<unsigned>(voice));
  twinear::Waveform wave{16000, std::vector<float>(16000)};
  for (std::size_t i = 0; i < wave.samples.size(); ++i) {
    const double t = static_cast<double>(i) / 16000, pitch = 110 * std::pow(1.2, voice);
    for (int k = 1; k < 6; ++k)
      wave.samples[i] += static_cast<float>(std::sin(6.283185307 * k * pitch * t) * 0.05);
    wave.samples[i] += static_cast<float>(random() % 1000) * 2e-4F;
  }
  auto clip = twinear::clip_of_samples(wave, "voice");
  clip.label = std::to_string(voice);
  return clip;
}

int main() {
  std::vector<twinear::Clip> clips;
  for (int voice = 0; voice < 8; ++voice)
    for (unsigned take = 0; take < 6; ++take) clips.push_back(clip_of_voice(voice, take));
  const auto corpus = twinear::make_manifest(clips);
  const twinear::FrontEnd front_end = twinear::front_end_preset("kaldi");

  twinear::Encoder encoder(
      twinear::EncoderSpec::compact({.channels = {32, 32, 32}, .embedding = 32}), 1);
  twinear::Learner learner(
      encoder, twinear::make_loss({.kind = "triplet", .keys = {{"margin", 1.0}}}, {.width = 32}));
  twinear::BatchLoader batches(corpus, front_end,
                               {.sampler = {.labels = 8, .clips = 4}, .crop_seconds = 0.5});
  for (int step = 0; step < 60; ++step) {
    const auto loss = learner.learn(batches.next());
    learner.step(2e-3);
    if (step % 10 == 0) std::printf("step %d: loss %.3f\n", step, loss.mean);
  }

  const twinear::LogMel log_mel(front_end);
  std::vector<twinear::Matrix> frames;
  for (const int voice : {9, 9, 11})
    frames.push_back(twinear::clip_features(
                         clip_of_voice(voice, 50 + static_cast<unsigned>(frames.size())), log_mel)
                         .frames);
  const auto e = encoder.embed(frames);
  std::printf("same %.3f, different %.3f\n", twinear::cosine(e.row(0), e.row(1)),
              twinear::cosine(e.row(0), e.row(2)));
}
