// SPDX-License-Identifier: Apache-2.0
#include "twinear/enrollment.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/files.h"
#include "base/json.h"
#include "base/within.h"
#include "identify/sqlite.h"
#include "model/safetensors.h"
#include "twinear/error.h"
#include "twinear/search.h"
#include "verify/unit_mean.h"

namespace twinear {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;
using Json = nlohmann::ordered_json;

constexpr std::int64_t application = 0x74776E72;  // "twnr", in the file's header
constexpr std::size_t longest_name = 255;
constexpr const char* embeddings_format = "twinear embeddings 1";

/// What leads from each version of the schema to the next; version 0 is an empty file.
constexpr std::array upgrades{
    // A clip's check is the FNV-1a hash of its embedding's bytes, which are little-endian floats.
    "CREATE TABLE about (model_id TEXT NOT NULL) STRICT;"
    "CREATE TABLE identity (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE clip (id INTEGER PRIMARY KEY,"
    "  identity INTEGER NOT NULL REFERENCES identity ON DELETE CASCADE,"
    "  \"check\" INTEGER NOT NULL, source TEXT NOT NULL, seconds REAL NOT NULL,"
    "  embedding BLOB NOT NULL, UNIQUE (identity, \"check\")) STRICT;"
    "PRAGMA application_id = 0x74776E72; PRAGMA user_version = 1;",
};
constexpr std::int64_t newest = upgrades.size();

std::int64_t check_of(std::span<const std::byte> bytes) {
  return static_cast<std::int64_t>(
      hash({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
}

bool is_blank(Database& database) {
  return database.number("PRAGMA application_id") == 0 &&
         database.number("PRAGMA user_version") == 0 &&
         database.number("SELECT count(*) FROM sqlite_schema") == 0;
}

std::int64_t checked_version(Database& database) {
  if (is_blank(database)) return 0;
  if (database.number("PRAGMA application_id") != application)
    throw Error(Fault::format,
                database.path() + ": an SQLite database, but not one of enrollments");
  const std::int64_t version = database.number("PRAGMA user_version");
  if (version < 1 || version > newest)
    throw Error(Fault::format,
                fmt::format("{}: an enrollment database of version {}; this twinear knows up to {}",
                            database.path(), version, newest));
  return version;
}

/// Brings the file to the newest version, in one step for whoever else looks at it; an empty one
/// becomes that of `model_id`, or is refused where that is not told.
void upgrade(Database& database, const std::string* model_id) {
  const std::int64_t found = checked_version(database);
  if (found == newest) return;
  if (found == 0 && model_id == nullptr)
    throw Error(Fault::format, database.path() + ": an empty file, no enrollment database");
  if (found == 0) try {
      database.run("PRAGMA journal_mode = WAL");
    } catch (const Error&) {  // somebody else is at it
    }
  Transaction transaction(database, Transaction::Kind::write);
  const std::int64_t version = checked_version(database);
  for (std::int64_t v = version; v < newest; ++v)
    database.run(upgrades[static_cast<std::size_t>(v)]);
  if (version == 0) Statement(database, "INSERT INTO about VALUES (?)").with(*model_id).run();
  transaction.commit();
}

/// Characters that a terminal shows, in UTF-8.
bool is_printable(std::string_view text) {
  const Json json = std::string(text);
  try {
    (void)json.dump();  // which looks for what is not UTF-8
  } catch (const Json::exception&) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c < 0x20 || c == 0x7F || c1) return false;
  }
  return true;
}

/// Its text with U+FFFD for bytes that are not UTF-8, as names of files may have.
std::string readable(const std::string& text) {
  const std::string quoted = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  return Json::parse(quoted).get<std::string>();
}

/// A mean of embeddings must not be poisoned by one that says nothing.
void check_embedding(std::span<const float> embedding) {
  double square = 0;
  for (const float x : embedding) square += static_cast<double>(x) * x;
  if (!std::isfinite(square))
    throw Error(Fault::numeric, "its embedding has a value that is not finite");
  if (square < 1e-12) throw Error(Fault::numeric, "its embedding is zero: it has no direction");
}

/// All that a comparison needs, as the database was at one moment.
struct Snapshot {
  std::int64_t version;  // SQLite's, of what others wrote
  std::vector<Identity> identities;
  Search means;
};

struct NamedClip {
  std::string name;
  EnrolledClip clip;
};

/// What a file of embeddings holds.
struct EmbeddingFile {
  std::string model_id;
  std::vector<NamedClip> clips;
};

EmbeddingFile read_embeddings(const std::string& path) {
  const SafetensorsFile file(path);
  const auto embeddings = file.tensor("embeddings");
  if (file.text("format") != embeddings_format || embeddings.shape.size() != 2)
    throw Error(Fault::format, fmt::format("{}: expected {}", path, embeddings_format));
  const std::size_t rows = embeddings.shape[0], width = embeddings.shape[1];
  const auto column = [&](const char* key, bool numbers) {
    Json json = parse_json(file.text(key), fmt::format("{}: {}", path, key));
    bool good = json.is_array() && json.size() == rows;
    for (const auto& item : json) good = good && (numbers ? item.is_number() : item.is_string());
    if (!good)
      throw Error(Fault::format, fmt::format("{}: {}: expected an array of {} {}", path, key, rows,
                                             numbers ? "numbers" : "texts"));
    return json;
  };
  const Json names = column("labels", false), sources = column("paths", false);
  const Json seconds = file.metadata().contains("seconds") ? column("seconds", true) : Json();

  EmbeddingFile content{file.text("model_id"), {}};
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = embeddings.values.subspan(i * width, width);
    content.clips.push_back({names[i].get<std::string>(),
                             {.embedding = {row.begin(), row.end()},
                              .source = sources[i].get<std::string>(),
                              .seconds = seconds.is_null() ? 0 : seconds[i].get<double>()}});
    within(fmt::format("{}: row {}", path, i), [&] {
      check_identity_name(content.clips.back().name);
      check_embedding(row);
    });
  }
  return content;
}

}  // namespace

void check_identity_name(const std::string& name) {
  if (name.empty()) throw Error(Fault::config, "a name is needed; found an empty one");
  if (name.size() > longest_name)
    throw Error(Fault::config, fmt::format("\"{}...\": a name of {} bytes; at most {} are taken",
                                           name.substr(0, 20), name.size(), longest_name));
  if (!is_printable(name))
    throw Error(Fault::config,
                fmt::format("\"{}\": a name is UTF-8 without control characters", name));
}

struct Enrollment::State {
  State(const std::string& path, const std::string* id)
      : database(path, id == nullptr ? Database::Missing::refuse : Database::Missing::create) {
    // secure_delete: who is removed leaves no voice behind.
    database.run("PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL");
    upgrade(database, id);
    Statement about(database, "SELECT model_id FROM about");
    if (!about.next()) throw Error(Fault::format, path + ": names no model");
    model_id = about.text(0);
  }

  const std::string& path() const { return database.path(); }

  std::size_t add(std::span<const NamedClip> clips) {
    const std::lock_guard lock(mutex);
    Transaction transaction(database, Transaction::Kind::write);
    Statement identity(database, "INSERT OR IGNORE INTO identity (name) VALUES (?)");
    Statement insert(database,
                     "INSERT OR IGNORE INTO clip (identity, \"check\", source, seconds, embedding) "
                     "SELECT id, ?, ?, ?, ? FROM identity WHERE name = ?");
    std::size_t added = 0;
    auto width =
        static_cast<std::size_t>(database.number("SELECT length(embedding) FROM clip LIMIT 1")) /
        sizeof(float);
    for (const auto& [name, clip] : clips) {
      const std::span<const float> embedding(clip.embedding);
      if (width == 0) width = embedding.size();
      if (embedding.size() != width)
        throw Error(Fault::mismatch,
                    fmt::format("{}: an embedding of {} numbers; it holds those of {}", path(),
                                embedding.size(), width));
      identity.with(name).run();
      const std::string source = readable(clip.source);
      insert.with(check_of(std::as_bytes(embedding)))
          .with(source)
          .with(clip.seconds)
          .with(embedding)
          .with(name)
          .run();
      added += static_cast<std::size_t>(database.changes());
    }
    transaction.commit();
    snapshot.reset();
    return added;
  }

  std::vector<Identity> identities(const char* query, const std::string* name = nullptr) {
    const std::lock_guard lock(mutex);
    Statement rows(database, query);
    if (name != nullptr) rows.with(*name);
    std::vector<Identity> result;
    while (rows.next())
      result.push_back({rows.text(0), static_cast<std::size_t>(rows.number(1)), rows.real(2)});
    return result;
  }

  /// Calls see(name, clip) for each clip, by name and then in the order of their enrollment.
  template <class See>
  void each_clip(const See& see) {
    Statement clips(database,
                    "SELECT name, source, seconds, \"check\", embedding FROM identity "
                    "JOIN clip ON identity.id = identity ORDER BY name, clip.id");
    std::size_t width = 0;
    while (clips.next()) {
      NamedClip found{clips.text(0),
                      {.embedding = {}, .source = clips.text(1), .seconds = clips.real(2)}};
      const auto bytes = clips.bytes(4);
      auto& embedding = found.clip.embedding;
      embedding.resize(bytes.size() / sizeof(float));
      if (width == 0) width = embedding.size();
      if (width == 0 || bytes.size() != width * sizeof(float) || check_of(bytes) != clips.number(3))
        throw Error(Fault::format,
                    fmt::format("{}: a damaged embedding of \"{}\"", path(), found.name));
      std::memcpy(embedding.data(), bytes.data(), bytes.size());
      see(std::move(found));
    }
  }

  std::shared_ptr<const Snapshot> current() {
    const std::lock_guard lock(mutex);
    Transaction transaction(database, Transaction::Kind::read);
    const std::int64_t version = database.number("PRAGMA data_version");
    if (!snapshot || snapshot->version != version) {
      std::vector<Identity> identities;
      std::vector<double> sum;
      std::vector<float> means;
      const auto close = [&] {
        const auto mean = unit(sum);
        means.insert(means.end(), mean.begin(), mean.end());
        sum.clear();
      };
      each_clip([&](const NamedClip& found) {
        const auto& [name, clip] = found;
        if (identities.empty() || identities.back().name != name) {
          close();
          identities.push_back({name, 0, 0});
          sum.resize(clip.embedding.size());
        }
        ++identities.back().clips;
        identities.back().seconds += clip.seconds;
        add_unit(sum, clip.embedding);
      });
      close();
      Matrix rows(identities.size(), identities.empty() ? 0 : means.size() / identities.size());
      std::ranges::copy(means, rows.values().begin());
      snapshot = std::make_shared<const Snapshot>(
          Snapshot{version, std::move(identities), Search(std::move(rows))});
    }
    transaction.commit();
    return snapshot;
  }

  Database database;
  std::string model_id;
  std::mutex mutex;                          // of the connection and the snapshot
  std::shared_ptr<const Snapshot> snapshot;  // null: to be read again
};

Enrollment::Enrollment(const std::string& path, const std::string& model_id)
    : state_(std::make_unique<State>(path, &model_id)) {
  require_model(model_id);
}
Enrollment::Enrollment(const std::string& path) : state_(std::make_unique<State>(path, nullptr)) {}
Enrollment::Enrollment(Enrollment&&) noexcept = default;
Enrollment& Enrollment::operator=(Enrollment&&) noexcept = default;
Enrollment::~Enrollment() = default;

const std::string& Enrollment::model_id() const noexcept { return state_->model_id; }

void Enrollment::require_model(const std::string& model_id) const {
  if (model_id != state_->model_id)
    throw Error(Fault::mismatch, fmt::format("{}: its embeddings are of the model {}, not of {}",
                                             state_->path(), state_->model_id, model_id));
}

std::size_t Enrollment::enroll(const std::string& name, std::span<const EnrolledClip> clips) {
  check_identity_name(name);
  std::vector<NamedClip> named;
  for (const EnrolledClip& clip : clips) {
    within(clip.source.empty() ? name : clip.source, [&] {
      if (!clip.flaw.empty()) throw Error(Fault::format, clip.flaw);
      check_embedding(clip.embedding);
    });
    named.push_back({name, clip});
  }
  return state_->add(named);
}

std::size_t Enrollment::enroll(const std::string& name, std::span<const float> embedding) {
  const EnrolledClip clip{.embedding = {embedding.begin(), embedding.end()}};
  return enroll(name, std::span(&clip, 1));
}

bool Enrollment::remove(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  Transaction transaction(state_->database, Transaction::Kind::write);
  Statement(state_->database, "DELETE FROM identity WHERE name = ?").with(name).run();
  const bool removed = state_->database.changes() > 0;
  transaction.commit();
  state_->snapshot.reset();
  state_->database.run("PRAGMA wal_checkpoint(TRUNCATE)");  // where nobody reads at this moment
  return removed;
}

std::vector<Identity> Enrollment::list() const {
  return state_->identities(
      "SELECT name, count(*), total(seconds) FROM identity "
      "JOIN clip ON identity.id = identity GROUP BY name ORDER BY name");
}

std::optional<Identity> Enrollment::find(const std::string& name) const {
  const auto found = state_->identities(
      "SELECT name, count(*), total(seconds) FROM identity "
      "JOIN clip ON identity.id = identity WHERE name = ? GROUP BY name",
      &name);
  return found.empty() ? std::nullopt : std::optional(found.front());
}

std::vector<std::vector<Match>> Enrollment::rank(const Matrix& embeddings, std::size_t top) const {
  const auto snapshot = state_->current();
  if (const auto& means = snapshot->means;
      means.size() > 0 && means.rows().cols() != embeddings.cols())
    throw Error(Fault::mismatch,
                fmt::format("{}: an embedding of {} numbers; it holds those of {}", state_->path(),
                            embeddings.cols(), means.rows().cols()));
  Matrix directions(embeddings.rows(), embeddings.cols());
  for (std::size_t i = 0; i < embeddings.rows(); ++i) {
    std::vector<double> sum(embeddings.cols());
    add_unit(sum, embeddings.row(i));
    std::ranges::copy(sum, directions.row(i).begin());
  }
  std::vector<std::vector<Match>> ranked(embeddings.rows());
  const auto hits = snapshot->means.best(directions, top);
  for (std::size_t i = 0; i < ranked.size(); ++i)
    for (const auto& [row, score] : hits[i])
      ranked[i].push_back(
          {snapshot->identities[row].name, score, snapshot->identities[row].seconds});
  return ranked;
}

std::optional<Match> Enrollment::identify(std::span<const float> embedding,
                                          double threshold) const {
  Matrix one(1, embedding.size());
  std::ranges::copy(embedding, one.values().begin());
  const auto best = rank(one, 1).front();
  if (best.empty() || best.front().score < threshold) return std::nullopt;
  return best.front();
}

void Enrollment::export_to(const std::string& path) const {
  auto names = Json::array(), sources = Json::array(), seconds = Json::array();
  std::vector<float> values;
  {
    const std::lock_guard lock(state_->mutex);
    state_->each_clip([&](const NamedClip& found) {
      names.push_back(found.name);
      sources.push_back(found.clip.source);
      seconds.push_back(found.clip.seconds);
      values.insert(values.end(), found.clip.embedding.begin(), found.clip.embedding.end());
    });
  }
  const std::size_t width = names.empty() ? 0 : values.size() / names.size();
  write_safetensors(path, {{"embeddings", {names.size(), width}, values}},
                    {{"format", embeddings_format},
                     {"model_id", state_->model_id},
                     {"labels", names.dump()},
                     {"paths", sources.dump()},
                     {"seconds", seconds.dump()}});
}

std::size_t import_enrollment(const std::string& file, const std::string& path) {
  const EmbeddingFile content = read_embeddings(file);
  return Enrollment(path, content.model_id).state_->add(content.clips);
}

}  // namespace twinear
