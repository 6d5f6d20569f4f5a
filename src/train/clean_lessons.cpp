// SPDX-License-Identifier: Apache-2.0
#include "train/clean_lessons.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "linalg/onednn_info.h"
#include "twinear/clip_features.h"
#include "twinear/error.h"

namespace twinear {

CleanLessons::CleanLessons(std::shared_ptr<const Teacher> teacher, const Manifest& manifest,
                           const AugmentOptions& augment, std::uint64_t seed,
                           const std::string& cache)
    : teacher_(std::move(teacher)),
      clips_(manifest.clips),
      speeds_(augment, manifest.clips.size(), seed),
      embeddings_(speeds_.recordings()) {
  const TeacherOptions& options = teacher_->options();
  if (!cache.empty())
    on_disk_.emplace(cache,
                     fmt::format("teacher {} {} {} {}", teacher_->id(), options.max_seconds,
                                 static_cast<int>(options.precision), onednn_isa()),
                     teacher_->width());
}

Matrix CleanLessons::operator()(std::span<const std::size_t> clips, std::uint32_t epoch) {
  const auto take = [](std::vector<float>& to, std::span<const float> embedding) {
    to.assign(embedding.begin(), embedding.end());
  };
  std::vector<std::vector<float>*> rows;
  std::vector<Fresh> fresh;
  std::vector<Clip> to_hear;
  for (const std::size_t clip : clips) {
    const int percent = speeds_.percent(clip, epoch);
    auto& row = *rows.emplace_back(&kept(clip, percent));
    if (!row.empty() || std::ranges::find(fresh, &row, &Fresh::to) != fresh.end()) continue;
    auto place = entry(clip, percent);
    if (const auto found = place ? place->read() : std::nullopt; found && found->rows() == 1) {
      take(row, found->row(0));
      continue;
    }
    fresh.push_back({&row, std::move(place)});
    to_hear.push_back(heard(clip, percent));
  }
  const Matrix learned = teacher_->embed(to_hear);
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    take(*fresh[i].to, learned.row(i));
    if (!fresh[i].entry) continue;
    Matrix one(1, learned.cols());
    std::ranges::copy(learned.row(i), one.row(0).begin());
    fresh[i].entry->write(one);
  }
  Matrix result(clips.size(), teacher_->width());
  for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::copy(*rows[i], result.row(i).begin());
  return result;
}

std::vector<float>& CleanLessons::kept(std::size_t clip, int percent) {
  return embeddings_[clip % embeddings_.size()][percent];
}

std::optional<DiskCache::Entry> CleanLessons::entry(std::size_t clip, int percent) const {
  const Clip& of = clips_[clip];
  if (!on_disk_ || of.path.empty() || of.holds_features()) return {};
  return on_disk_->entry(of, percent == 100 ? "" : fmt::format(" at {} %", percent));
}

Clip CleanLessons::heard(std::size_t clip, int percent) const {
  if (percent == 100) return clips_[clip];
  Waveform sound = clip_samples(clips_[clip]);
  sound.samples = at_speed(std::move(sound.samples), sound.sample_rate, percent);
  return clip_of_samples(std::move(sound), clips_[clip].place());
}

}  // namespace twinear
