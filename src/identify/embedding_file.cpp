// SPDX-License-Identifier: Apache-2.0
#include "identify/embedding_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "model/safetensors.h"
#include "twinear/error.h"

namespace twinear {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* format_name = "twinear embeddings 1";

/// Reads the JSON array in the metadata that has a number, or a text, for each row.
Json read_column(const SafetensorsFile& file, const char* key, std::size_t rows, bool numbers) {
  Json json = parse_json(file.text(key), fmt::format("{}: {}", file.path(), key));
  bool good = json.is_array() && json.size() == rows;
  for (const auto& item : json) good = good && (numbers ? item.is_number() : item.is_string());
  if (!good)
    throw Error(Fault::format, fmt::format("{}: {}: expected an array of {} {}", file.path(), key,
                                           rows, numbers ? "numbers" : "texts"));
  return json;
}

}  // namespace

EmbeddingFile read_embeddings(const std::string& path) {
  const SafetensorsFile file(path);
  const auto embeddings = file.tensor("embeddings");
  if (file.text("format") != format_name || embeddings.shape.size() != 2)
    throw Error(Fault::format, fmt::format("{}: expected {}", path, format_name));
  const std::size_t rows = embeddings.shape[0], width = embeddings.shape[1];
  const Json names = read_column(file, "labels", rows, false);
  const Json sources = read_column(file, "paths", rows, false);
  const bool has_seconds = file.metadata().contains("seconds");
  const Json seconds = has_seconds ? read_column(file, "seconds", rows, true) : Json();

  EmbeddingFile content{file.text("model_id"), {}};
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = embeddings.values.subspan(i * width, width);
    content.clips.push_back({names[i].get<std::string>(),
                             {.embedding = {row.begin(), row.end()},
                              .source = sources[i].get<std::string>(),
                              .seconds = has_seconds ? seconds[i].get<double>() : 0}});
  }
  return content;
}

void write_embeddings(const std::string& path, const EmbeddingFile& content) {
  auto names = Json::array(), sources = Json::array(), seconds = Json::array();
  std::vector<float> values;
  for (const auto& [name, clip] : content.clips) {
    names.push_back(name);
    sources.push_back(clip.source);
    seconds.push_back(clip.seconds);
    values.insert(values.end(), clip.embedding.begin(), clip.embedding.end());
  }
  const std::size_t width = names.empty() ? 0 : values.size() / names.size();
  write_safetensors(path, {{"embeddings", {names.size(), width}, values}},
                    {{"format", format_name},
                     {"model_id", content.model_id},
                     {"labels", names.dump()},
                     {"paths", sources.dump()},
                     {"seconds", seconds.dump()}});
}

}  // namespace twinear
