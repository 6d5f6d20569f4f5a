// SPDX-License-Identifier: Apache-2.0
#include "twinear/manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <unordered_set>
#include <utility>

#include "base/files.h"
#include "data/clip_lists.h"
#include "data/csv.h"
#include "data/text.h"

namespace twinear {
namespace {

double seconds(const std::string& value, const std::string& column) {
  if (value.empty()) return 0;
  const auto number = finite_number(value);
  if (!number || *number < 0)
    throw Error(Fault::format, fmt::format("{}: expected seconds, found \"{}\"", column, value));
  return *number;
}

Clip clip_of(const std::vector<std::string>& header, std::vector<std::string> fields,
             const std::string& manifest, LabelRule labels) {
  if (fields.size() != header.size())
    throw Error(Fault::format, fmt::format("found {} fields; expected {} as in the header",
                                           fields.size(), header.size()));
  Clip clip;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i] == "path")
      clip.name = std::move(fields[i]);
    else if (header[i] == "label")
      clip.label = std::move(fields[i]);
    else if (header[i] == "start")
      clip.start = seconds(fields[i], "start");
    else if (header[i] == "end")
      clip.end = seconds(fields[i], "end");
    else
      clip.columns[header[i]] = std::move(fields[i]);
  }
  clip.path = beside(manifest, clip.name);
  check_clip(clip, labels);
  return clip;
}

std::vector<std::string> header_of(const CsvRecord& record, LabelRule labels) {
  std::unordered_set<std::string_view> seen;
  for (const auto& column : record.fields)
    if (!seen.insert(column).second)
      throw Error(Fault::format, fmt::format("duplicate column \"{}\"", column));
  const auto require = [&](const char* column) {
    if (!seen.contains(column))
      throw Error(Fault::format,
                  fmt::format("no column \"{}\"; found {}", column, fmt::join(record.fields, ",")));
  };
  require("path");
  if (labels == LabelRule::required) require("label");
  return record.fields;
}

std::vector<Clip> read_csv(const std::string& path, LabelRule labels) {
  auto records = parse_csv(read_file(path), path);
  std::vector<std::string> header;
  std::vector<Clip> clips;
  for (auto& record : records) try {
      if (header.empty())
        header = header_of(record, labels);
      else
        clips.push_back(clip_of(header, std::move(record.fields), path, labels));
    } catch (const Error& e) {
      throw e.within(fmt::format("{}:{}", path, record.line));
    }
  return clips;
}

}  // namespace

void check_clip(const Clip& clip, LabelRule labels) {
  if (clip.name.empty()) throw Error(Fault::format, "the path is empty");
  if (clip.label.empty() && labels == LabelRule::required)
    throw Error(Fault::format, clip.name + ": the label is empty");
  if (clip.end != 0 && clip.end <= clip.start)
    throw Error(Fault::format, fmt::format("{}: the part from {} to {} s ends before it starts",
                                           clip.name, clip.start, clip.end));
  std::error_code code;
  const auto status = std::filesystem::status(clip.path, code);
  if (code) throw Error(Fault::io, clip.path + ": " + code.message());
  if (std::filesystem::is_directory(status)) throw Error(Fault::io, clip.path + ": is a folder");
}

Manifest make_manifest(std::vector<Clip> clips) {
  Manifest manifest{std::move(clips), {}, {}};
  auto& labels = manifest.labels;
  for (const Clip& clip : manifest.clips)
    if (!clip.label.empty()) labels.push_back(clip.label);
  std::ranges::sort(labels);
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  for (const Clip& clip : manifest.clips)
    manifest.label_of.push_back(
        clip.label.empty()
            ? no_label
            : static_cast<int>(std::ranges::lower_bound(labels, clip.label) - labels.begin()));
  return manifest;
}

std::vector<std::vector<std::size_t>> clips_by_label(const Manifest& manifest) {
  std::vector<std::vector<std::size_t>> clips_of(manifest.labels.size());
  for (std::size_t i = 0; i < manifest.clips.size(); ++i)
    if (manifest.label_of[i] != no_label)
      clips_of[static_cast<std::size_t>(manifest.label_of[i])].push_back(i);
  return clips_of;
}

Manifest read_manifest(const std::string& path, LabelRule labels) {
  auto clips = is_kaldi_folder(path) ? read_kaldi_folder(path, labels) : read_csv(path, labels);
  if (clips.empty()) throw Error(Fault::format, path + ": no clips");
  return make_manifest(std::move(clips));
}

}  // namespace twinear
