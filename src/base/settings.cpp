// SPDX-License-Identifier: Apache-2.0
#include "base/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <sstream>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/files.h"
#include "base/json.h"
#include "twinear/error.h"

namespace twinear {
namespace {

using Json = nlohmann::ordered_json;

/// Levenshtein's edit distance.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row.back();
}

Json json_of(const toml::node& node, const std::string& place) {
  if (const auto* v = node.as_string()) return v->get();
  if (const auto* v = node.as_integer()) return v->get();
  if (const auto* v = node.as_floating_point()) return v->get();
  if (const auto* v = node.as_boolean()) return v->get();
  if (const auto* v = node.as_array()) {
    Json array = Json::array();
    for (const auto& item : *v) array.push_back(json_of(item, place));
    return array;
  }
  throw Error(Fault::config, place + ": expected a number, a text, true, false or a list of them");
}

/// JSON's text, also of names that are no UTF-8.
std::string shown(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// What keys and values of recipes and model files were called before, and are called now.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> old_spellings{{
    {"coloured_noise", "colored_noise"},
    {"coloured_noise_snr_low_db", "colored_noise_snr_low_db"},
    {"coloured_noise_snr_high_db", "colored_noise_snr_high_db"},
    {"frame_centre", "frame_center"},
    {"least_variance", "min_variance"},
    {"sliding_centred", "sliding_centered"},
    {"sliding_least", "sliding_min"},
    {"sub_centres", "sub_centers"},
    {"vad_least_seconds", "vad_min_seconds"},
}};

/// The spelling of today; most words have no other.
std::string_view spelled_today(std::string_view word) {
  const auto found =
      std::ranges::find(old_spellings, word, &decltype(old_spellings)::value_type::first);
  return found == old_spellings.end() ? word : found->second;
}

/// One given value and where it was given.
struct Given {
  Json value;
  std::string place;
};
using Table = std::map<std::string, Given>;

class Reader final : public Fields {
 public:
  Reader(const Table* table, std::string name) : table_(table), name_(std::move(name)) {}

  void number(const char* name, double& value, double low, double high) override {
    const Given* given = find(name);
    if (given == nullptr) return;
    if (!given->value.is_number()) wrong(*given, name, "a number");
    value = in_range(*given, name, given->value.get<double>(), low, high);
  }
  void whole(const char* name, int& value, int low, int high) override {
    const Given* given = find(name);
    if (given != nullptr) value = whole_of(*given, given->value, name, low, high);
  }
  void flag(const char* name, bool& value) override {
    const Given* given = find(name);
    if (given == nullptr) return;
    if (!given->value.is_boolean()) wrong(*given, name, "true or false");
    value = given->value.get<bool>();
  }
  void text(const char* name, std::string& value) override {
    const Given* given = find(name);
    if (given == nullptr) return;
    if (!given->value.is_string()) wrong(*given, name, "a text");
    value = given->value.get<std::string>();
  }
  void numbers(const char* name, std::vector<int>& values, int low, int high) override {
    const Given* given = find(name);
    if (given == nullptr) return;
    if (!given->value.is_array()) wrong(*given, name, "a list of whole numbers");
    values.clear();
    for (const auto& item : given->value) values.push_back(whole_of(*given, item, name, low, high));
  }
  void texts(const char* name, std::vector<std::string>& values) override {
    const Given* given = find(name);
    if (given == nullptr) return;
    const Json list = given->value.is_array() ? given->value : Json::array({given->value});
    values.clear();
    for (const auto& item : list) {
      if (!item.is_string()) wrong(*given, name, "a text or a list of texts");
      values.push_back(item.get<std::string>());
    }
  }
  void choice(const char* name, int& index, std::span<const char* const> names) override {
    const Given* given = find(name);
    if (given == nullptr) return;
    const std::string word = given->value.is_string() ? given->value.get<std::string>() : "";
    const auto found = std::ranges::find(names, word);
    if (found == names.end()) wrong(*given, name, fmt::format("one of {}", fmt::join(names, ", ")));
    index = static_cast<int>(found - names.begin());
  }

  void finish() const {
    if (table_ == nullptr) return;
    for (const auto& [key, given] : *table_) {
      if (std::ranges::find(known_, key) != known_.end()) continue;
      const std::string meant = nearest(key, known_);
      throw Error(Fault::config,
                  fmt::format("{}: unknown key \"{}\"{}{}", given.place, key,
                              name_.empty() ? "" : fmt::format(" in [{}]", name_),
                              meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant)));
    }
  }

 private:
  const Given* find(const char* name) {
    known_.emplace_back(name);
    if (table_ == nullptr) return nullptr;
    const auto at = table_->find(name);
    return at == table_->end() ? nullptr : &at->second;
  }
  [[noreturn]] static void wrong(const Given& given, const char* name,
                                 const std::string& expected) {
    throw Error(Fault::config, fmt::format("{}: {}: expected {}, found {}", given.place, name,
                                           expected, shown(given.value)));
  }
  static double in_range(const Given& given, const char* name, double value, double low,
                         double high) {
    if (!(value >= low && value <= high))
      wrong(given, name, fmt::format("a value from {} to {}", low, high));
    return value;
  }
  static int whole_of(const Given& given, const Json& value, const char* name, int low, int high) {
    if (!value.is_number_integer()) wrong(given, name, "a whole number");
    return static_cast<int>(in_range(given, name, value.get<double>(), low, high));
  }

  const Table* table_;
  std::string name_;
  std::vector<std::string> known_;
};

class Writer final : public Fields {
 public:
  void number(const char* name, double& value, double, double) override { out[name] = value; }
  void whole(const char* name, int& value, int, int) override { out[name] = value; }
  void flag(const char* name, bool& value) override { out[name] = value; }
  void text(const char* name, std::string& value) override { out[name] = value; }
  void numbers(const char* name, std::vector<int>& values, int, int) override {
    out[name] = values;
  }
  void texts(const char* name, std::vector<std::string>& values) override { out[name] = values; }
  void choice(const char* name, int& index, std::span<const char* const> names) override {
    out[name] = names[static_cast<std::size_t>(index)];
  }
  Json out = Json::object();
};

toml::table parse_toml(const std::string& text, const std::string& path) {
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& e) {
    throw Error(Fault::config,
                fmt::format("{}:{}: {}", path, e.source().begin.line, e.description()));
  }
}

}  // namespace

/// The shortest decimal of a float is what people wrote: 0.3, not 0.30000001192092896.
void Fields::number(const char* name, float& value, double low, double high) {
  double wide = std::stod(fmt::format("{}", value));
  number(name, wide, low, high);
  value = static_cast<float>(wide);
}

void Fields::one_of(const char* name, std::string& value,
                    std::initializer_list<const char*> names) {
  const std::span<const char* const> all(names.begin(), names.size());
  int index = static_cast<int>(std::ranges::find(all, value) - all.begin());
  choice(name, index, all);
  value = all[static_cast<std::size_t>(index)];
}

struct Settings::Tables {
  std::string place;
  std::map<std::string, Table> tables;
  std::map<std::string, std::string> places;  // table -> where it begins
  std::set<std::string> asked;
  std::vector<std::string> old;  // lines about old spellings

  void give(const std::string& table, std::string_view key, Given given) {
    const std::string today(spelled_today(key));
    if (today != key) {
      old.push_back(fmt::format("{}: \"{}\" is now called \"{}\"", given.place, key, today));
      if (tables[table].contains(today))
        throw Error(Fault::config,
                    fmt::format("{}: \"{}\" and \"{}\" are the same key", given.place, key, today));
    }
    tables[table][today] = std::move(given);
  }
};

Settings::Settings(std::string place) : tables_(std::make_unique<Tables>()) {
  tables_->place = std::move(place);
}
Settings::Settings(Settings&&) noexcept = default;
Settings& Settings::operator=(Settings&&) noexcept = default;
Settings::~Settings() = default;

Settings Settings::from_toml(const std::string& path) {
  Settings settings(path);
  const toml::table file = parse_toml(read_file(path, 1 << 20), path);
  const auto place = [&](const toml::node& node) {
    return fmt::format("{}:{}", path, node.source().begin.line);
  };
  for (const auto& [table_name, node] : file) {
    const toml::table* table = node.as_table();
    if (table == nullptr)
      throw Error(Fault::config, fmt::format("{}: \"{}\" stands outside of every [table]",
                                             place(node), table_name.str()));
    const std::string name(table_name.str());
    settings.tables_->places[name] = place(node);
    settings.tables_->tables[name];
    for (const auto& [key, value] : *table)
      settings.tables_->give(name, key.str(), {json_of(value, place(value)), place(value)});
  }
  return settings;
}

Settings Settings::from_json(const std::string& text, std::string place) {
  Settings settings(place);
  const Json object = parse_json(text, place);
  if (!object.is_object()) throw Error(Fault::format, place + ": expected a JSON object");
  for (const auto& [key, value] : object.items()) settings.tables_->give("", key, {value, place});
  return settings;
}

void Settings::override(const std::string& assignment) {
  const auto equals = assignment.find('=');
  const auto dot = assignment.find('.');
  const std::string place = "--set " + assignment;
  if (equals == std::string::npos || dot == std::string::npos || dot > equals)
    throw Error(Fault::config, place + ": expected table.key=value");
  const std::string table = assignment.substr(0, dot);
  const std::string key = assignment.substr(dot + 1, equals - dot - 1);
  const std::string value = assignment.substr(equals + 1);
  Given given{value, place};
  try {
    const toml::table parsed = toml::parse("v = " + value);
    given.value = json_of(*parsed.get("v"), place);
  } catch (const toml::parse_error&) {  // a bare word
  }
  tables_->tables[table].erase(std::string(spelled_today(key)));
  tables_->give(table, key, std::move(given));
  tables_->places.try_emplace(table, place);
}

std::string Settings::peek(const std::string& table, const std::string& key,
                           const std::string& otherwise) const {
  const auto t = tables_->tables.find(table);
  if (t == tables_->tables.end()) return otherwise;
  const auto k = t->second.find(key);
  if (k == t->second.end() || !k->second.value.is_string()) return otherwise;
  return k->second.value.get<std::string>();
}

const std::vector<std::string>& Settings::old_spellings() const { return tables_->old; }

void Settings::refuse_other_tables() const {
  const std::vector<std::string> known(tables_->asked.begin(), tables_->asked.end());
  for (const auto& [name, table] : tables_->tables) {
    if (tables_->asked.contains(name)) continue;
    const std::string meant = nearest(name, known);
    throw Error(Fault::config,
                fmt::format("{}: unknown table [{}]{}", tables_->places.at(name), name,
                            meant.empty() ? "" : fmt::format("; did you mean [{}]?", meant)));
  }
}

std::unique_ptr<Fields> Settings::reader(const std::string& table) {
  tables_->asked.insert(table);
  const auto at = tables_->tables.find(table);
  return std::make_unique<Reader>(at == tables_->tables.end() ? nullptr : &at->second, table);
}

void Settings::finish(Fields& reader) { static_cast<Reader&>(reader).finish(); }

JsonObject::JsonObject() : writer_(std::make_unique<Writer>()) {}
JsonObject::~JsonObject() = default;
std::string JsonObject::text() const { return shown(static_cast<const Writer&>(*writer_).out); }

std::string nearest(std::string_view word, std::span<const std::string> names) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& name : names)
    if (const std::size_t d = edits(word, name); d < least) {
      least = d;
      best = name;
    }
  return best;
}

}  // namespace twinear
