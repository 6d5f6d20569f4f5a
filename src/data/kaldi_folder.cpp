// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <unordered_map>

#include "data/clip_lists.h"
#include "data/text.h"

namespace twinear {
namespace {

namespace fs = std::filesystem;

using KeyedLines = std::unordered_map<std::string, std::string>;

std::string inside(const std::string& folder, const std::string& name) {
  return (fs::path(folder) / name).string();
}

/// Reads a file of lines that begin with a key. Maps each key to the rest of its line.
KeyedLines read_keyed_lines(const std::string& path) {
  KeyedLines lines;
  TextFile file(path);
  for (auto words = file.next(); !words.empty(); words = file.next()) {
    const std::string_view value = file.after_first_word();
    if (value.empty()) file.refuse(fmt::format("expected a value after \"{}\"", words[0]));
    if (!lines.emplace(words[0], value).second)
      file.refuse(fmt::format("duplicate key \"{}\"", words[0]));
  }
  return lines;
}

/// Finds an audio file relative to the folder, as in a manifest, or else relative to the current
/// folder, as in Kaldi's scripts.
std::string audio_path(const std::string& folder, const std::string& named) {
  std::error_code code;
  const std::string here = inside(folder, named);
  return fs::exists(here, code) ? here : named;
}

/// Reads the file that lists the utterances: `segments` if it exists, otherwise `wav.scp`.
class FolderReader {
 public:
  FolderReader(const std::string& folder, LabelRule labels)
      : folder_(folder), labels_(labels), recordings_(read_keyed_lines(inside(folder, "wav.scp"))) {
    const std::string speakers = inside(folder, "utt2spk");
    std::error_code code;
    if (labels == LabelRule::required || fs::exists(speakers, code))
      speakers_ = read_keyed_lines(speakers);
  }

  std::vector<Clip> clips() const {
    std::error_code code;
    const bool segmented = fs::exists(inside(folder_, "segments"), code);
    TextFile file(inside(folder_, segmented ? "segments" : "wav.scp"));
    std::vector<Clip> clips;
    std::set<std::string> names;
    for (auto words = file.next(); !words.empty(); words = file.next()) try {
        clips.push_back(segmented ? segment(words) : clip(words[0], words[0]));
        if (!names.insert(clips.back().name).second)
          throw Error(Fault::format, fmt::format("\"{}\" is there twice", clips.back().name));
      } catch (const Error& e) {
        throw e.within(file.place());
      }
    return clips;
  }

 private:
  Clip clip(std::string_view utterance, std::string_view recording) const {
    Clip clip;
    clip.name = utterance;
    const auto named = recordings_.find(std::string(recording));
    if (named == recordings_.end())
      throw Error(Fault::format, fmt::format("\"{}\" is not in wav.scp", recording));
    if (named->second.ends_with('|'))
      throw Error(Fault::format,
                  fmt::format("\"{}\" is a command; expected an audio file", named->second));
    const auto speaker = speakers_.find(clip.name);
    if (speaker != speakers_.end())
      clip.label = speaker->second;
    else if (labels_ == LabelRule::required)
      throw Error(Fault::format, fmt::format("\"{}\" is not in utt2spk", utterance));
    clip.path = audio_path(folder_, named->second);
    check_clip(clip, labels_);
    return clip;
  }

  Clip segment(const std::vector<std::string_view>& words) const {
    if (words.size() != 4) throw Error(Fault::format, "expected \"utterance recording start end\"");
    const auto start = finite_number(words[2]), end = finite_number(words[3]);
    if (!start || !end || *start < 0 || (*end <= *start && *end != -1))
      throw Error(Fault::format, fmt::format("expected 0 <= start < end in seconds, found {} {}",
                                             words[2], words[3]));
    Clip part = clip(words[0], words[1]);
    part.start = *start;
    part.end = *end == -1 ? 0 : *end;  // Kaldi writes -1 for the end of the recording
    return part;
  }

  std::string folder_;
  LabelRule labels_;
  KeyedLines recordings_, speakers_;
};

}  // namespace

bool is_kaldi_folder(const std::string& path) {
  std::error_code code;  // ignored here, since the reader of the path reports it
  if (!fs::is_directory(path, code)) return false;
  if (!fs::exists(inside(path, "wav.scp"), code))
    throw Error(Fault::io,
                path + ": is a folder without wav.scp; expected a CSV or a Kaldi data folder");
  return true;
}

std::vector<Clip> read_kaldi_folder(const std::string& path, LabelRule labels) {
  return FolderReader(path, labels).clips();
}

}  // namespace twinear
