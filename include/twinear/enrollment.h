// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/clip.h"
#include "twinear/matrix.h"
#include "twinear/verifier.h"

namespace twinear {

/// Somebody, or something, that a database knows.
struct Identity {
  std::string name;
  std::size_t clips;
  double seconds;  ///< of all clips

  bool operator==(const Identity&) const = default;
};

/// An identity, and how alike it is to an embedding.
struct Match {
  std::string name;
  double score;    ///< cosine with the mean of the identity's clips
  double seconds;  ///< of those clips; 0: not known
};

/// One of those who are known, compared with a clip.
struct Candidate {
  std::string name;
  Verdict verdict;  ///< as Verifier::decide gives it, with the lengths of both sides
};

/// The answer to "whose clip is it?"
struct Identification {
  std::vector<Candidate> candidates = {};  ///< best first; none for a clip that is not embedded

  /// The identity that is accepted; nullptr where nobody is.
  const Candidate* known() const noexcept {
    return !candidates.empty() && candidates.front().verdict.same ? &candidates.front() : nullptr;
  }
};

/// A name is UTF-8 without control characters, of 1 to 255 bytes. Throws Error (config) for
/// another.
void check_identity_name(const std::string& name);

/// A database of identities in one SQLite file, for the embeddings of one model.
///
/// All clips of an identity are kept. It is compared by the unit vector along the mean of its
/// clips' unit embeddings, as trials with several clips are (Average::embeddings), by exact Search.
///
/// What a call changes is done all or not at all, also where the process is killed or the power
/// fails. Any number of processes may read while one writes; other writers wait for it, and each
/// call sees all that was written before. Calls of one object may run in parallel.
///
/// Everything throws Error, the path first: for a file that is no such database, damaged or of a
/// newer version (format), of another model (mismatch), or that cannot be read or written (io).
class Enrollment {
 public:
  /// Opens the database at `path`, made where there is none, for this model's embeddings.
  Enrollment(const std::string& path, const std::string& model_id);
  /// Opens one that is there, of whatever model.
  explicit Enrollment(const std::string& path);
  Enrollment(Enrollment&&) noexcept;
  Enrollment& operator=(Enrollment&&) noexcept;
  ~Enrollment();

  const std::string& model_id() const noexcept;
  /// Throws Error (mismatch) where the database is another model's.
  void require_model(const std::string& model_id) const;

  /// Adds clips to the identity of this name, made where there is none; gives how many are new to
  /// it. Clips are embedded with QualityGate::enrollment (Verifier::embed_each). Throws Error
  /// (config) for a name that check_identity_name refuses, ClipEmbedding::error of a clip that has
  /// one, and (numeric) for an embedding that is zero or not finite.
  std::size_t enroll(const std::string& name, std::span<const ClipEmbedding> clips);
  /// Adds one embedding of unknown origin and length; throws likewise.
  std::size_t enroll(const std::string& name, std::span<const float> embedding);

  /// Forgets an identity; once nobody reads any more, nothing of it is in the file. False where
  /// there is none of that name.
  bool remove(const std::string& name);

  std::vector<Identity> list() const;  ///< by name
  /// Nothing where there is none of that name.
  std::optional<Identity> find(const std::string& name) const;

  /// For each row the `top` best, best first; equal ones by name.
  std::vector<std::vector<Match>> rank(const Matrix& embeddings, std::size_t top) const;
  /// Who each clip is by the verifier's decision, with the `top` best candidates, at least one.
  /// Throws Error (mismatch) for another model than the database's, and as Verifier::decide.
  std::vector<Identification> identify(const Verifier& verifier,
                                       std::span<const ClipEmbedding> clips,
                                       const Acceptance& accept = {}, std::size_t top = 1) const;
  /// The whole way for one clip. Throws as the other and as Verifier::embed.
  Identification identify(const Verifier& verifier, const Clip& clip,
                          const Acceptance& accept = {}) const;

  /// Writes all clips as `twinear embed` does: safetensors with `embeddings`, a row a clip, and in
  /// the metadata model_id, labels (the names), paths and seconds. The same content gives the same
  /// bytes, and what import_enrollment makes of them gives them again.
  void export_to(const std::string& path) const;

 private:
  friend std::size_t import_enrollment(const std::string& file, const std::string& path);
  struct State;
  std::unique_ptr<State> state_;
};

/// Adds the clips of a file that Enrollment::export_to or `twinear embed` wrote to the database at
/// `path`, made where there is none: all or none. Gives how many are new.
std::size_t import_enrollment(const std::string& file, const std::string& path);

}  // namespace twinear
