// SPDX-License-Identifier: Apache-2.0
#include "clips/named_clips.h"

#include <fmt/format.h>

#include "base/number.h"
#include "base/threads.h"
#include "twinear/clip_features.h"
#include "twinear/error.h"

namespace twinear {
namespace {

double seconds_of(const std::string& name, const NamedClips& clips, const FrontEnd& front_end) {
  const Clip clip = clips.find(name);
  if (const auto column = clip.columns.find("seconds");
      column != clip.columns.end() && !column->second.empty()) {
    const double seconds = parse_number(column->second).value_or(0);
    if (!(seconds > 0))
      throw Error(Fault::format, fmt::format("{}: seconds: expected a number above 0, found \"{}\"",
                                             name, column->second));
    return seconds;
  }
  std::error_code missing;
  if (!clips.has(name) && !std::filesystem::is_regular_file(clip.path, missing))
    throw Error(Fault::io, fmt::format("{}: there is no such file, and no clip of a manifest has "
                                       "this name",
                                       clip.path));
  return clip_seconds(clip, front_end);
}

}  // namespace

std::vector<double> seconds_of(std::span<const std::string> names, const NamedClips& clips,
                               const FrontEnd& front_end) {
  std::vector<double> seconds(names.size());
  parallel_for(names.size(),
               [&](std::size_t i) { seconds[i] = seconds_of(names[i], clips, front_end); });
  return seconds;
}

}  // namespace twinear
