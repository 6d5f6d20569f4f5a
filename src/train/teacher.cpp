// SPDX-License-Identifier: Apache-2.0
#include "twinear/teacher.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/threads.h"
#include "base/within.h"
#include "twinear/clip_features.h"
#include "twinear/model.h"

namespace twinear {
struct Teacher::Parts {
  explicit Parts(TeacherOptions o)
      : options(std::move(o)),
        model(load_model(find_model(options.model))),
        log_mel(model.front_end) {
    model.encoder.set_precision(options.precision);
  }

  Matrix features(const Clip& clip) const {
    if (clip.holds_features()) {
      const double most = std::max(1.0, options.max_seconds * 1000 / model.front_end.hop_ms);
      const Matrix frames = clip_features(clip, log_mel).frames;
      return frames.part(0, std::min(frames.rows(), static_cast<std::size_t>(most)));
    }
    Waveform sound = clip_samples(clip);
    const auto samples = static_cast<std::size_t>(options.max_seconds * sound.sample_rate);
    sound.samples.resize(std::min(sound.samples.size(), samples));
    return within(clip.place(), [&] { return clip_features(sound, log_mel).frames; });
  }

  TeacherOptions options;
  Model model;
  LogMel log_mel;
};

Teacher::Teacher(TeacherOptions options)
    : parts_(
          within("[teacher] model", [&] { return std::make_unique<Parts>(std::move(options)); })) {}
Teacher::~Teacher() = default;

const TeacherOptions& Teacher::options() const noexcept { return parts_->options; }
const std::string& Teacher::id() const noexcept { return parts_->model.id; }
std::size_t Teacher::width() const noexcept { return parts_->model.encoder.dimension(); }

Matrix Teacher::embed(std::span<const Clip> clips) const {
  constexpr std::size_t at_once = 128;  // clips whose features are held
  Matrix embeddings(clips.size(), width());
  for (std::size_t begin = 0; begin < clips.size(); begin += at_once) {
    std::vector<Matrix> features(std::min(at_once, clips.size() - begin));
    parallel_for(features.size(),
                 [&](std::size_t i) { features[i] = parts_->features(clips[begin + i]); });
    Matrix some = parts_->model.encoder.embed(features);
    if (parts_->model.adaptation) parts_->model.adaptation->apply(some);
    std::ranges::copy(some.values(), embeddings.row(begin).begin());
  }
  return embeddings;
}

}  // namespace twinear
