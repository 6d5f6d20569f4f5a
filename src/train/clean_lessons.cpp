// SPDX-License-Identifier: Apache-2.0
#include "train/clean_lessons.h"

#include <algorithm>
#include <utility>

#include "twinear/clip_features.h"
#include "twinear/error.h"

namespace twinear {

CleanLessons::CleanLessons(std::shared_ptr<const Teacher> teacher, const Manifest& manifest,
                           const AugmentOptions& augment, std::uint64_t seed)
    : teacher_(std::move(teacher)),
      clips_(manifest.clips),
      speeds_(augment, manifest.clips.size(), seed),
      embeddings_(speeds_.recordings()) {}

Matrix CleanLessons::operator()(std::span<const std::size_t> clips, std::uint32_t epoch) {
  std::vector<std::vector<float>*> rows, fresh;  // of all clips, and of those that are not known
  std::vector<Clip> to_hear;
  for (const std::size_t clip : clips) {
    const int percent = speeds_.percent(clip, epoch);
    rows.push_back(&kept(clip, percent));
    if (!rows.back()->empty() || std::ranges::find(fresh, rows.back()) != fresh.end()) continue;
    fresh.push_back(rows.back());
    to_hear.push_back(heard(clip, percent));
  }
  const Matrix learned = teacher_->embed(to_hear);
  for (std::size_t i = 0; i < fresh.size(); ++i)
    fresh[i]->assign(learned.row(i).begin(), learned.row(i).end());
  Matrix result(clips.size(), teacher_->width());
  for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::copy(*rows[i], result.row(i).begin());
  return result;
}

std::vector<float>& CleanLessons::kept(std::size_t clip, int percent) {
  return embeddings_[clip % embeddings_.size()][percent];
}

Clip CleanLessons::heard(std::size_t clip, int percent) const {
  if (percent == 100) return clips_[clip];
  Waveform sound = clip_samples(clips_[clip]);
  sound.samples = at_speed(std::move(sound.samples), sound.sample_rate, percent);
  return clip_of_samples(std::move(sound), clips_[clip].place());
}

}  // namespace twinear
