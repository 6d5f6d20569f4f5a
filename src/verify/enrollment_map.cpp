// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "data/csv.h"
#include "data/text.h"
#include "twinear/scoring.h"

namespace twinear {
namespace {

EnrollmentMap from_csv(const std::string& path) {
  const auto records = parse_csv(read_file(path), path);
  const auto refuse = [&](std::size_t line, const char* what) {
    throw Error(Fault::format, fmt::format("{}:{}: {}", path, line, what));
  };
  if (records.empty()) return {};
  const auto& header = records.front().fields;
  const auto column = [&](const char* name) {
    auto found = std::ranges::find(header, name);
    if (found == header.end() && name == std::string_view("enrollment"))
      found = std::ranges::find(header, "enrolment");  // its name in version 0.1
    if (found == header.end()) refuse(records.front().line, "expected the columns enrollment,path");
    return static_cast<std::size_t>(found - header.begin());
  };
  const std::size_t enrollment = column("enrollment"), clip = column("path");
  EnrollmentMap map;
  for (std::size_t i = 1; i < records.size(); ++i) {
    const auto& [line, fields] = records[i];
    if (fields.size() != header.size())
      refuse(line, "the number of fields differs from that of the header");
    if (fields[enrollment].empty() || fields[clip].empty()) refuse(line, "a name is empty");
    map[fields[enrollment]].push_back(fields[clip]);
  }
  return map;
}

EnrollmentMap from_lines(const std::string& path) {
  TextFile file(path);
  EnrollmentMap map;
  for (;;) {
    const auto& words = file.next();
    if (words.empty()) return map;
    if (words.size() < 2) file.refuse("expected an enrollment and its clips");
    auto& clips = map[std::string(words[0])];
    if (!clips.empty()) file.refuse(fmt::format("\"{}\" is listed twice", words[0]));
    clips.assign(words.begin() + 1, words.end());
  }
}

}  // namespace

EnrollmentMap read_enrollment_map(const std::string& path) {
  EnrollmentMap map = path.ends_with(".csv") ? from_csv(path) : from_lines(path);
  if (map.empty()) throw Error(Fault::format, path + ": no enrollments");
  for (auto& [name, clips] : map) {
    auto sorted = clips;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end())
      throw Error(Fault::format, fmt::format("{}: a clip of \"{}\" is listed twice", path, name));
  }
  return map;
}

}  // namespace twinear
