// SPDX-License-Identifier: Apache-2.0
#include "features/fbank_computer.h"
#include "features/normalize.h"
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

}  // namespace twinear
