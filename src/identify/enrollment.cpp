// SPDX-License-Identifier: Apache-2.0
#include "twinear/enrollment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <utility>

#include "base/files.h"
#include "base/json.h"
#include "base/vectors.h"
#include "base/within.h"
#include "identify/database.h"
#include "identify/embedding_file.h"
#include "twinear/error.h"
#include "twinear/search.h"

namespace twinear {
namespace {

using SQLite::Statement;
using SQLite::Transaction;
using SQLite::TransactionBehavior;

constexpr std::size_t max_name_bytes = 255;

/// The hash that the column "check" holds for an embedding.
std::int64_t check_of(std::span<const std::byte> bytes) {
  return static_cast<std::int64_t>(
      hash({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
}

/// Whether a terminal shows each character of the text, which must be UTF-8.
bool is_printable(const std::string& text) {
  if (valid_utf8(text) != text) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c < 0x20 || c == 0x7F || c1) return false;
  }
  return true;
}

/// Throws Error (numeric) for an embedding that has no place in a mean.
void check_embedding(std::span<const float> embedding) {
  double square = 0;
  for (const float x : embedding) square += static_cast<double>(x) * x;
  if (!std::isfinite(square))
    throw Error(Fault::numeric, "its embedding has a value that is not finite");
  if (square < 1e-12) throw Error(Fault::numeric, "its embedding is zero");
}

/// What a comparison needs from the database, read at one moment.
struct Snapshot {
  std::int64_t version;  // SQLite's data_version, which rises with each write of another connection
  std::vector<Identity> identities;
  Search means;
};

/// Runs a statement that gives no rows and makes it ready for other values; returns the number of
/// rows that it changed.
int run(Statement& statement) {
  const int changes = statement.exec();
  statement.reset();
  return changes;
}

}  // namespace

void check_identity_name(const std::string& name) {
  if (name.empty()) throw Error(Fault::config, "a name is empty");
  if (name.size() > max_name_bytes)
    throw Error(Fault::config, fmt::format("\"{}...\": a name of {} bytes; expected at most {}",
                                           name.substr(0, 20), name.size(), max_name_bytes));
  if (!is_printable(name))
    throw Error(Fault::config,
                fmt::format("\"{}\": a name must be UTF-8 without control characters", name));
}

struct Enrollment::State {
  State(const std::string& from, const std::string* id)
      : path(from), database(with_errors(from, [&] { return open_database(from, id); })) {
    with_errors(path, [&] {
      Statement about(database, "SELECT model_id FROM about");
      if (!about.executeStep()) throw Error(Fault::format, path + ": the database names no model");
      model_id = about.getColumn(0).getString();
    });
  }

  /// Returns what `call` returns; meanwhile no other thread uses the connection.
  template <class Call>
  auto locked(const Call& call) {
    const std::lock_guard lock(mutex);
    return with_errors(path, call);
  }

  std::size_t add(std::span<const NamedClip> clips) {
    return locked([&] {
      Transaction transaction(database, TransactionBehavior::IMMEDIATE);
      Statement identity(database, "INSERT OR IGNORE INTO identity (name) VALUES (?)");
      Statement insert(
          database,
          "INSERT OR IGNORE INTO clip (identity, \"check\", source, seconds, embedding) "
          "SELECT id, ?, ?, ?, ? FROM identity WHERE name = ?");
      std::size_t added = 0, width = stored_width();
      for (const auto& [name, clip] : clips) {
        const auto bytes = std::as_bytes(std::span(clip.embedding));
        if (width == 0) width = clip.embedding.size();
        if (clip.embedding.size() != width)
          throw Error(Fault::mismatch, fmt::format("{}: an embedding of {} numbers; expected {}",
                                                   path, clip.embedding.size(), width));
        identity.bind(1, name);
        run(identity);
        insert.bind(1, check_of(bytes));
        insert.bind(2, valid_utf8(clip.source));
        insert.bind(3, clip.seconds);
        insert.bind(4, bytes.data(), static_cast<int>(bytes.size()));
        insert.bind(5, name);
        added += static_cast<std::size_t>(run(insert));
      }
      transaction.commit();
      snapshot.reset();
      return added;
    });
  }

  /// The identities, ordered by name, or only the one of this name.
  std::vector<Identity> identities(const std::string* name = nullptr) {
    return locked([&] {
      const std::string filter = name == nullptr ? "" : "WHERE name = ? ";
      Statement rows(database,
                     "SELECT name, count(*), total(seconds) FROM identity "
                     "JOIN clip ON identity.id = identity " +
                         filter + "GROUP BY name ORDER BY name");
      if (name != nullptr) rows.bind(1, *name);
      std::vector<Identity> result;
      while (rows.executeStep())
        result.push_back({rows.getColumn(0).getString(),
                          static_cast<std::size_t>(rows.getColumn(1).getInt64()),
                          rows.getColumn(2).getDouble()});
      return result;
    });
  }

  /// What comparisons need; it is read again if the database has changed.
  std::shared_ptr<const Snapshot> current() {
    return locked([&] {
      Transaction transaction(database);
      const std::int64_t version = database.execAndGet("PRAGMA data_version").getInt64();
      if (!snapshot || snapshot->version != version)
        snapshot = std::make_shared<const Snapshot>(read_snapshot(version));
      transaction.commit();
      return snapshot;
    });
  }

  /// The width of the embeddings in the database, or 0 if it has none.
  std::size_t stored_width() {
    const auto bytes =
        database.execAndGet("SELECT coalesce((SELECT length(embedding) FROM clip LIMIT 1), 0)");
    return static_cast<std::size_t>(bytes.getInt64()) / sizeof(float);
  }

  /// Calls see(clip) for each clip, ordered by name and then by enrollment.
  template <class See>
  void each_clip(const See& see) {
    Statement rows(database,
                   "SELECT name, source, seconds, \"check\", embedding FROM identity "
                   "JOIN clip ON identity.id = identity ORDER BY name, clip.id");
    std::size_t width = 0;
    while (rows.executeStep()) {
      NamedClip found{rows.getColumn(0).getString(),
                      {.embedding = {},
                       .source = rows.getColumn(1).getString(),
                       .seconds = rows.getColumn(2).getDouble()}};
      const SQLite::Column blob = rows.getColumn(4);
      const std::span bytes(static_cast<const std::byte*>(blob.getBlob()),
                            static_cast<std::size_t>(blob.getBytes()));
      auto& embedding = found.clip.embedding;
      embedding.resize(bytes.size() / sizeof(float));
      if (width == 0) width = embedding.size();
      if (width == 0 || bytes.size() != width * sizeof(float) ||
          check_of(bytes) != rows.getColumn(3).getInt64())
        throw Error(Fault::format,
                    fmt::format("{}: a damaged embedding of \"{}\"", path, found.name));
      std::memcpy(embedding.data(), bytes.data(), bytes.size());
      see(std::move(found));
    }
  }

  Snapshot read_snapshot(std::int64_t version) {
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
    return {version, std::move(identities), Search(std::move(rows))};
  }

  /// The `top` identities with the highest cosines for each row.
  std::vector<std::vector<Hit>> best(const Snapshot& of, const Matrix& embeddings,
                                     std::size_t top) const {
    if (of.means.size() > 0 && of.means.rows().cols() != embeddings.cols())
      throw Error(Fault::mismatch, fmt::format("{}: an embedding of {} numbers; expected {}", path,
                                               embeddings.cols(), of.means.rows().cols()));
    Matrix directions(embeddings.rows(), embeddings.cols());
    for (std::size_t i = 0; i < embeddings.rows(); ++i) {
      std::vector<double> sum(embeddings.cols());
      add_unit(sum, embeddings.row(i));
      std::ranges::copy(sum, directions.row(i).begin());
    }
    return of.means.best(directions, top);
  }

  std::string path, model_id;
  std::mutex mutex;  // guards the connection and the snapshot
  SQLite::Database database;
  std::shared_ptr<const Snapshot> snapshot;  // null if it must be read again
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
                                             state_->path, state_->model_id, model_id));
}

std::size_t Enrollment::enroll(const std::string& name, std::span<const ClipEmbedding> clips) {
  check_identity_name(name);
  std::vector<NamedClip> named;
  for (const ClipEmbedding& clip : clips) {
    if (clip.error) throw *clip.error;
    within(clip.source.empty() ? name : clip.source, [&] { check_embedding(clip.embedding); });
    named.push_back({name, clip});
  }
  return state_->add(named);
}

std::size_t Enrollment::enroll(const std::string& name, std::span<const float> embedding) {
  const ClipEmbedding clip{.embedding = {embedding.begin(), embedding.end()}};
  return enroll(name, std::span(&clip, 1));
}

bool Enrollment::remove(const std::string& name) {
  State& s = *state_;
  return s.locked([&] {
    Transaction transaction(s.database, TransactionBehavior::IMMEDIATE);
    Statement statement(s.database, "DELETE FROM identity WHERE name = ?");
    statement.bind(1, name);
    const bool removed = run(statement) > 0;
    transaction.commit();
    s.snapshot.reset();
    return removed;
  });
}

std::vector<Identity> Enrollment::list() const { return state_->identities(); }

std::optional<Identity> Enrollment::find(const std::string& name) const {
  const auto found = state_->identities(&name);
  return found.empty() ? std::nullopt : std::optional(found.front());
}

std::vector<std::vector<Match>> Enrollment::rank(const Matrix& embeddings, std::size_t top) const {
  const auto snapshot = state_->current();
  std::vector<std::vector<Match>> ranked(embeddings.rows());
  const auto hits = state_->best(*snapshot, embeddings, top);
  for (std::size_t i = 0; i < ranked.size(); ++i)
    for (const auto& [row, score] : hits[i])
      ranked[i].push_back(
          {snapshot->identities[row].name, score, snapshot->identities[row].seconds});
  return ranked;
}

std::vector<Identification> Enrollment::identify(const Verifier& verifier,
                                                 std::span<const ClipEmbedding> clips,
                                                 const Acceptance& accept, std::size_t top) const {
  require_model(verifier.model_id());
  std::vector<std::size_t> embedded;
  for (std::size_t i = 0; i < clips.size(); ++i)
    if (!clips[i].error) embedded.push_back(i);
  Matrix embeddings(embedded.size(), verifier.model().encoder.dimension());
  for (std::size_t i = 0; i < embedded.size(); ++i)
    std::ranges::copy(clips[embedded[i]].embedding, embeddings.row(i).begin());
  const auto snapshot = state_->current();
  // The cosines of identities of different lengths do not compare; their likelihood ratios do. So a
  // few more identities than are asked for are decided on.
  const std::size_t wanted = std::max<std::size_t>(top, 1);
  const auto hits = state_->best(*snapshot, embeddings, wanted + 15);
  const Acceptance among = accept.among(snapshot->identities.size());
  std::vector<Identification> answers(clips.size());
  for (std::size_t i = 0; i < clips.size(); ++i)
    if (clips[i].error) answers[i].doubt = clips[i].error->what();
  for (std::size_t i = 0; i < embedded.size(); ++i) {
    auto& candidates = answers[embedded[i]].candidates;
    for (const auto& [row, score] : hits[i]) {
      const Identity& identity = snapshot->identities[row];
      const Lengths lengths{identity.seconds, clips[embedded[i]].seconds};
      candidates.push_back({identity.name, verifier.decide(score, among, lengths)});
    }
    if (accept.kind() != Acceptance::Kind::score)
      std::ranges::stable_sort(candidates, std::greater(),
                               [](const Candidate& c) { return c.verdict.llr.value(); });
    if (candidates.size() > wanted)
      candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(wanted), candidates.end());
    if (!candidates.empty()) answers[embedded[i]].doubt = candidates.front().verdict.doubt;
  }
  return answers;
}

Identification Enrollment::identify(const Verifier& verifier, const Clip& clip,
                                    const Acceptance& accept) const {
  const auto embedded = verifier.embed_each(std::span(&clip, 1), {.gate = QualityGate::decision()});
  if (embedded.front().status == ClipEmbedding::Status::unreadable) throw *embedded.front().error;
  return identify(verifier, embedded, accept).front();
}

void Enrollment::export_to(const std::string& path) const {
  EmbeddingFile content{model_id(), {}};
  state_->locked([&] {
    state_->each_clip([&](NamedClip clip) { content.clips.push_back(std::move(clip)); });
  });
  write_embeddings(path, content);
}

std::size_t import_enrollment(const std::string& file, const std::string& path) {
  const EmbeddingFile content = read_embeddings(file);
  for (std::size_t i = 0; i < content.clips.size(); ++i)
    within(fmt::format("{}: row {}", file, i), [&] {
      check_identity_name(content.clips[i].name);
      check_embedding(content.clips[i].clip.embedding);
    });
  return Enrollment(path, content.model_id).state_->add(content.clips);
}

}  // namespace twinear
