// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include "features/fbank_computer.h"
#include "features/frame_stream.h"
#include "features/front_end.h"
#include "features/normalize.h"
#include "twinear/error.h"
#include "twinear/features.h"

namespace twinear {

LogMel::LogMel(const FrontEnd& front_end) : computer_(std::make_shared<FbankComputer>(front_end)) {}

Matrix LogMel::operator()(std::span<const float> samples, std::uint64_t seed) const {
  FbankComputer::Workspace workspace(*computer_);
  Matrix mel =
      (*computer_)({samples, 0, samples.size()}, 0, frames(samples.size()), seed, workspace);
  normalize(mel, front_end());
  if (front_end().vad != Vad::none) mel = voiced_frames(mel, find_speech(samples, *computer_));
  return mel;
}

std::size_t LogMel::frames(std::size_t samples) const noexcept {
  return computer_->framer().frames(samples);
}

const FrontEnd& LogMel::front_end() const noexcept { return computer_->front_end(); }

struct LogMelStream::State {
  State(const FrontEnd& front_end, std::uint64_t seed)
      : computer(front_end), stream(computer, seed) {
    begin_clip();
  }

  void begin_clip() {
    const FrontEnd& front_end = computer.front_end();
    if (front_end.norm == Norm::sliding)
      sliding.emplace(front_end.sliding, static_cast<std::size_t>(front_end.mel_bins));
  }

  Matrix normalized(Matrix frames, bool last) {
    return sliding ? sliding->push(frames, last) : std::move(frames);
  }

  FbankComputer computer;
  FrameStream stream;
  std::optional<SlidingWindow> sliding;
};

LogMelStream::LogMelStream(const FrontEnd& front_end, std::uint64_t seed) {
  if (const std::string reason = whole_clip_reason(front_end); !reason.empty())
    throw Error(Fault::config, "front end: it cannot be streamed: " + reason);
  state_ = std::make_unique<State>(front_end, seed);
}
LogMelStream::LogMelStream(LogMelStream&&) noexcept = default;
LogMelStream& LogMelStream::operator=(LogMelStream&&) noexcept = default;
LogMelStream::~LogMelStream() = default;

Matrix LogMelStream::push(std::span<const float> samples) {
  return state_->normalized(state_->stream.push(samples), false);
}

Matrix LogMelStream::finish() {
  Matrix frames = state_->normalized(state_->stream.finish(), true);
  state_->begin_clip();
  return frames;
}

}  // namespace twinear
