// SPDX-License-Identifier: Apache-2.0
#include "twinear/speech_finder.h"

#include <algorithm>
#include <vector>

#include "base/threads.h"
#include "features/fbank_computer.h"
#include "features/frame_stream.h"
#include "features/speech_net.h"

namespace twinear {
namespace {

const FbankComputer& computer() {
  static const FbankComputer tables(speech_front_end());
  return tables;
}

}  // namespace

struct SpeechFinder::State {
  void add(const Matrix& rows) {
    values.insert(values.end(), rows.values().begin(), rows.values().end());
  }

  FrameStream stream{computer()};
  std::vector<float> values;  // frame after frame
};

SpeechFinder::SpeechFinder() : state_(std::make_unique<State>()) {}
SpeechFinder::SpeechFinder(SpeechFinder&&) noexcept = default;
SpeechFinder& SpeechFinder::operator=(SpeechFinder&&) noexcept = default;
SpeechFinder::~SpeechFinder() = default;

void SpeechFinder::push(std::span<const float> samples) {
  state_->add(state_->stream.push(samples));
}

Speech SpeechFinder::finish() {
  const WorkerScope worker;  // flushes denormals to zero, as in every task
  State& s = *state_;
  s.add(s.stream.finish());
  const std::size_t bins = speech_layers[0].inputs;
  Matrix log_mel(s.values.size() / bins, bins);
  std::ranges::copy(s.values, log_mel.values().begin());
  s.values.clear();
  Speech speech;
  if (log_mel.rows() == 0) return speech;
  speech.voiced = frames_of_speech(speech_evidence(log_mel, speech_weights().data()));
  speech.seconds = hop_seconds * static_cast<double>(std::ranges::count(speech.voiced, true));
  speech.total_seconds = hop_seconds * static_cast<double>(speech.voiced.size());
  speech.amount = speech.seconds > 0 ? SpeechAmount::enough : SpeechAmount::none;
  return speech;
}

}  // namespace twinear
