// SPDX-License-Identifier: Apache-2.0
#include "base/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

// toml++ asserts, or lets clang assume, that a table's name begins well before it looks whether it
// does. Without that it refuses the name by itself.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/files.h"
#include "base/json.h"
#include "base/number.h"
#include "base/spellings.h"
#include "twinear/error.h"

namespace twinear {
namespace {

using Json = nlohmann::ordered_json;

/// The Levenshtein distance of two words.
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
  if (const auto* v = node.as_table()) {
    Json object = Json::object();
    for (const auto& [key, item] : *v) object[std::string(key.str())] = json_of(item, place);
    return object;
  }
  throw Error(Fault::config, place + ": expected a number, a text, true, false or a list of them");
}

/// A value that was given, with its place.
struct Given {  // NOLINT(bugprone-exception-escape): a Json moves without an exception
  Json value;
  std::string place;
  std::string file = {};  // paths start from its folder or, if it is "", from the current folder
};
using Table = std::map<std::string, Given>;

std::string suggestion(const std::string& meant) {
  return meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant);
}

class Reader final : public Fields {
 public:
  Reader(const Table& table, std::string name) : table_(table), name_(std::move(name)) {}

  void number(const Key& key, double& value, double min, double max) override {
    if (const Given* given = find(key, &Json::is_number, "a number"))
      value = in_range(*given, key, given->value.get<double>(), min, max);
  }
  void whole(const Key& key, int& value, int min, int max) override {
    if (const Given* given = find(key)) value = whole_of(*given, given->value, key, min, max);
  }
  void flag(const Key& key, bool& value) override {
    if (const Given* given = find(key, &Json::is_boolean, "true or false"))
      value = given->value.get<bool>();
  }
  void text(const Key& key, std::string& value) override {
    if (const Given* given = find(key, &Json::is_string, "a text"))
      value = given->value.get<std::string>();
  }
  void numbers(const Key& key, std::vector<int>& values, int min, int max) override {
    const Given* given = find(key, &Json::is_array, "a list of whole numbers");
    if (given == nullptr) return;
    values.clear();
    for (const auto& item : given->value) values.push_back(whole_of(*given, item, key, min, max));
  }
  void texts(const Key& key, std::vector<std::string>& values) override {
    const Given* given = find(key);
    if (given == nullptr) return;
    const Json list = given->value.is_array() ? given->value : Json::array({given->value});
    values.clear();
    for (const auto& item : list) {
      if (!item.is_string()) wrong(*given, key, "a text or a list of texts");
      values.push_back(item.get<std::string>());
    }
  }
  void path(const Key& key, std::string& value) override {
    text(key, value);
    if (const Given* given = find(key)) value = from(*given, value);
  }
  void paths(const Key& key, std::vector<std::string>& values) override {
    texts(key, values);
    if (const Given* given = find(key))
      for (std::string& value : values) value = from(*given, value);
  }
  void choice(const Key& key, int& index, std::span<const char* const> names) override {
    const Given* given = find(key);
    if (given == nullptr) return;
    const std::string word = given->value.is_string() ? given->value.get<std::string>() : "";
    const auto found = std::ranges::find(names, word);
    if (found == names.end())
      wrong(*given, key, fmt::format("one of {}", fmt::join(names, ", ")),
            nearest(word, std::vector<std::string>(names.begin(), names.end())));
    index = static_cast<int>(found - names.begin());
  }

  void objects(const Key& key, std::size_t,
               const std::function<void(std::size_t, Fields&)>& visit) override {
    const Given* given = find(key, &Json::is_array, "a list of objects");
    if (given == nullptr) return;
    for (std::size_t i = 0; i < given->value.size(); ++i) {
      if (!given->value[i].is_object()) wrong(*given, key, "a list of objects");
      const Json item = spelled_today(given->value[i]);
      const std::string place = fmt::format("{}: {}[{}]", given->place, key.name, i);
      Table table;
      for (const auto& [name, value] : item.items()) table[name] = {value, place, given->file};
      Reader reader(table, {});
      visit(i, reader);
      reader.finish();
    }
  }
  void ignored(const Key& key) override { known_.emplace_back(key.name); }

  void finish() const {
    for (const auto& [key, given] : table_) {
      if (std::ranges::find(known_, key) != known_.end()) continue;
      throw Error(Fault::config, fmt::format("{}: unknown key \"{}\"{}{}", given.place, key,
                                             name_.empty() ? "" : fmt::format(" in [{}]", name_),
                                             suggestion(nearest(key, known_))));
    }
  }

 private:
  const Given* find(const Key& key) {
    known_.emplace_back(key.name);
    const auto at = table_.find(key.name);
    return at == table_.end() ? nullptr : &at->second;
  }
  const Given* find(const Key& key, bool (Json::*has_type)() const noexcept, const char* expected) {
    const Given* given = find(key);
    if (given != nullptr && !(given->value.*has_type)()) wrong(*given, key, expected);
    return given;
  }
  static std::string from(const Given& given, const std::string& path) {
    return given.file.empty() || path.empty() ? path : beside(given.file, path);
  }
  [[noreturn]] static void wrong(const Given& given, const Key& key, const std::string& expected,
                                 const std::string& meant = "") {
    throw Error(Fault::config, fmt::format("{}: {}: expected {}, found {}{}", given.place, key.name,
                                           expected, shown(given.value), suggestion(meant)));
  }
  static double in_range(const Given& given, const Key& key, double value, double min, double max) {
    if (!(value >= min && value <= max))
      wrong(given, key, fmt::format("a value from {} to {}", min, max));
    return value;
  }
  static int whole_of(const Given& given, const Json& value, const Key& key, int min, int max) {
    if (!value.is_number_integer()) wrong(given, key, "a whole number");
    return static_cast<int>(in_range(given, key, value.get<double>(), min, max));
  }

  const Table& table_;
  std::string name_;
  std::vector<std::string> known_;
};

/// The place of the first byte that is not ASCII and stands in neither a string nor a comment, or
/// npos. TOML has none there, and toml++ does not expect it everywhere.
std::size_t find_stray_byte(std::string_view text) {
  bool comment = false, many_lines = false;
  char quote = 0;
  for (std::size_t i = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < text.size(); ++i) {
    const char c = text[i];
    if (comment) {
      comment = c != '\n';
    } else if (quote != 0) {
      const bool ends =
          many_lines ? text.substr(i, 3) == std::string(3, quote) : c == quote || c == '\n';
      if (c == '\\' && quote == '"')
        ++i;
      else if (ends) {
        if (many_lines) i += 2;
        quote = 0;
      }
    } else if (c == '#') {
      comment = true;
    } else if (c == '"' || c == '\'') {
      quote = c;
      many_lines = text.substr(i, 3) == std::string(3, quote);
      if (many_lines) i += 2;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      return i;
    }
  }
  return std::string_view::npos;
}

toml::table parse_toml(const std::string& text, const std::string& path) {
  if (const auto stray = find_stray_byte(text); stray != std::string_view::npos)
    throw Error(
        Fault::config,
        fmt::format("{}:{}: a character that is not ASCII stands outside of quotation marks", path,
                    1 + std::ranges::count(text.substr(0, stray), '\n')));
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& e) {
    throw Error(Fault::config,
                fmt::format("{}:{}: {}", path, e.source().begin.line, e.description()));
  }
}

}  // namespace

struct Settings::Tables {
  std::map<std::string, Table> tables;
  std::map<std::string, std::string> places;  // the place where each table begins
  std::set<std::string> asked;
  std::vector<std::string> old;  // one line for each old spelling

  void give(const std::string& table, std::string_view key, Given given) {
    const std::string today(key_today(key));
    if (given.value.is_string()) {
      const auto word = given.value.get<std::string>(),
                 word_today = std::string(value_today(today, word));
      if (word != word_today)
        old.push_back(fmt::format("{}: {} = \"{}\" is now called \"{}\"", given.place, today, word,
                                  word_today));
      given.value = word_today;
    }
    if (today != key) {
      old.push_back(fmt::format("{}: \"{}\" is now called \"{}\"", given.place, key, today));
      if (tables[table].contains(today))
        throw Error(Fault::config,
                    fmt::format("{}: \"{}\" and \"{}\" are the same key", given.place, key, today));
    }
    tables[table][today] = std::move(given);
  }
};

Settings::Settings() : tables_(std::make_unique<Tables>()) {}
Settings::Settings(Settings&&) noexcept = default;
Settings& Settings::operator=(Settings&&) noexcept = default;
Settings::~Settings() = default;

Settings Settings::from_toml(const std::string& path) {
  Settings settings;
  const toml::table file = parse_toml(read_file(path, 1 << 20), path);
  const auto place = [&](const toml::node& node) {
    return fmt::format("{}:{}", path, node.source().begin.line);
  };
  for (const auto& [table_name, node] : file) {
    const toml::table* table = node.as_table();
    if (table == nullptr)
      throw Error(Fault::config, fmt::format("{}: key \"{}\" is outside any [table]", place(node),
                                             table_name.str()));
    const std::string name(table_name.str());
    settings.tables_->places[name] = place(node);
    settings.tables_->tables[name];
    for (const auto& [key, value] : *table)
      settings.tables_->give(name, key.str(), {json_of(value, place(value)), place(value), path});
  }
  return settings;
}

Settings Settings::from_json(const std::string& text, const std::string& place) {
  Settings settings;
  const Json object = parse_json(text, place);
  if (!object.is_object()) throw Error(Fault::format, place + ": expected a JSON object");
  for (const auto& [key, value] : object.items()) settings.tables_->give("", key, {value, place});
  return settings;
}

Settings Settings::from_values(const Values& values, const std::string& place) {
  Settings settings;
  for (const auto& [key, value] : values) {
    if (settings.tables_->tables[""].contains(key))
      throw Error(Fault::config, fmt::format("{}: duplicate key \"{}\"", place, key));
    settings.tables_->give("", key, {json_of(value), place});
  }
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
  if (find_stray_byte(value) == std::string_view::npos) try {
      const toml::table parsed = toml::parse("v = " + value);
      given.value = json_of(*parsed.get("v"), place);
    } catch (const toml::parse_error&) {  // the value is a bare word
    }
  tables_->tables[table].erase(std::string(key_today(key)));
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

void Settings::visit(const std::string& table, const std::function<void(Fields&)>& read_fields) {
  static const Table no_values;
  tables_->asked.insert(table);
  const auto at = tables_->tables.find(table);
  Reader reader(at == tables_->tables.end() ? no_values : at->second, table);
  read_fields(reader);
  reader.finish();
}

std::string nearest(std::string_view word, std::span<const std::string> names) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& name : names)
    if (const std::size_t d = edits(word, name); d < best_distance) {
      best_distance = d;
      best = name;
    }
  return best;
}

}  // namespace twinear
