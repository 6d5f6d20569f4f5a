// SPDX-License-Identifier: Apache-2.0
#include "base/spellings.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace twinear {
namespace {

constexpr std::pair<std::string_view, std::string_view> old_keys[] = {
    // old, today
    {"coloured_noise", "colored_noise"},
    {"coloured_noise_snr_high_db", "colored_noise_snr_high_db"},
    {"coloured_noise_snr_low_db", "colored_noise_snr_low_db"},
    {"frame_center", "frame_alignment"},
    {"frame_centre", "frame_alignment"},
    {"least_variance", "min_variance"},
    {"mask_band_width", "frequency_mask_width"},
    {"mask_bands", "frequency_masks"},
    {"mask_frame_width", "time_mask_width"},
    {"mask_frames", "time_masks"},
    {"sliding_centred", "sliding_centered"},
    {"sliding_least", "sliding_min"},
    {"sub_centres", "sub_centers"},
    {"triangles", "filter_shape"},
    {"vad_least_seconds", "vad_min_seconds"},
};

constexpr std::array<std::string_view, 3> old_values[] = {
    // key, old, today
    {"norm", "band", "per-bin"},
    {"norm", "band-variance", "per-bin-variance"},
    {"norm", "level", "global"},
    {"padding", "mirror", "symmetric"},
};

}  // namespace

std::string_view key_today(std::string_view key) {
  for (const auto& [old, today] : old_keys)
    if (old == key) return today;
  return key;
}

std::string_view value_today(std::string_view key, std::string_view value) {
  for (const auto& [of, old, today] : old_values)
    if (of == key && old == value) return today;
  return value;
}

nlohmann::ordered_json spelled_today(const nlohmann::ordered_json& document) {
  using Json = nlohmann::ordered_json;
  if (document.is_array()) {
    Json list = Json::array();
    for (const auto& item : document) list.push_back(spelled_today(item));
    return list;
  }
  if (!document.is_object()) return document;
  Json object = Json::object();
  for (const auto& [key, value] : document.items()) {
    const std::string today(key_today(key));
    object[today] = value.is_string() ? Json(value_today(today, value.get<std::string>()))
                                      : spelled_today(value);
  }
  return object;
}

}  // namespace twinear
