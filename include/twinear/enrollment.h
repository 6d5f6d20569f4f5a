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

/// A speaker or a sound that is enrolled.
struct Identity {
  std::string name;
  std::size_t clips;
  double seconds;  ///< the length of all its clips

  bool operator==(const Identity&) const = default;
};

/// An identity and its similarity to an embedding.
struct Match {
  std::string name;
  double score;    ///< the cosine with the mean of the identity's clips
  double seconds;  ///< the length of those clips; 0 if it is not known
};

/// An identity that was compared with a clip.
struct Candidate {
  std::string name;
  Verdict verdict;  ///< the result of Verifier::decide with the lengths of both sides
};

/// The identities that a clip may have.
struct Identification {
  std::vector<Candidate> candidates = {};  ///< best first; none for a clip that is not embedded
  /// Why it cannot be told who it is: what is wrong with the sound of the clip, or that the
  /// evidence for the best candidate is weaker than was asked for. Empty if there is an answer.
  std::string doubt = {};

  /// The identity that is accepted, or nullptr.
  const Candidate* known() const noexcept {
    return !candidates.empty() && candidates.front().verdict.same ? &candidates.front() : nullptr;
  }
};

/// Throws Error (config) for a name that is not UTF-8 of 1 to 255 bytes without control characters.
void check_identity_name(const std::string& name);

/// A database of identities in one SQLite file, for the embeddings of one model.
///
/// The database keeps all clips of an identity, and compares the identity by the unit vector along
/// the mean of their unit embeddings (Average::embeddings), with exact Search.
///
/// A call changes the file completely or not at all, even if the process is killed or the power
/// fails. Any number of processes may read while one writes; other writers wait for it, and each
/// call sees all that was written before. Calls of one object may run in parallel.
///
/// Every function throws Error, the path first, for a file that is not such a database, is damaged
/// or has a newer version (format), that belongs to another model (mismatch), or that cannot be
/// read or written (io).
class Enrollment {
 public:
  /// Opens the database at `path` for the embeddings of this model, and makes it if it is missing.
  Enrollment(const std::string& path, const std::string& model_id);
  /// Opens an existing database of any model.
  explicit Enrollment(const std::string& path);
  Enrollment(Enrollment&&) noexcept;
  Enrollment& operator=(Enrollment&&) noexcept;
  ~Enrollment();

  const std::string& model_id() const noexcept;
  /// Throws Error (mismatch) if the database belongs to another model.
  void require_model(const std::string& model_id) const;

  /// Adds clips, embedded with QualityGate::enrollment (Verifier::embed_each), to an identity,
  /// which is made if it is missing; returns how many of them are new to it. Throws Error (config)
  /// for a name that check_identity_name refuses, (numeric) for an embedding that is zero or not
  /// finite, and the ClipEmbedding::error of a clip that has one.
  std::size_t enroll(const std::string& name, std::span<const ClipEmbedding> clips);
  /// Adds one embedding of unknown origin and length. Throws as the other.
  std::size_t enroll(const std::string& name, std::span<const float> embedding);

  /// Removes an identity; as soon as no process reads any more, nothing of it is left in the file.
  /// Returns whether there was one of that name.
  bool remove(const std::string& name);

  std::vector<Identity> list() const;  ///< all identities, ordered by name
  /// The identity of this name, if there is one.
  std::optional<Identity> find(const std::string& name) const;

  /// Finds the `top` best identities for each row, best first; equal scores are ordered by name.
  std::vector<std::vector<Match>> rank(const Matrix& embeddings, std::size_t top) const;
  /// Identifies each clip by the verifier's decision. The answers have the `top` best candidates,
  /// but at least one: of the identities with the highest cosines those with the highest LLRs or,
  /// where `accept` is at_score(), the highest cosines. By default a stranger is named in one
  /// search of a hundred. Throws Error (mismatch) for another model than the database's, and as
  /// Verifier::decide.
  std::vector<Identification> identify(const Verifier& verifier,
                                       std::span<const ClipEmbedding> clips,
                                       const Acceptance& accept = Acceptance::per_search(0.01),
                                       std::size_t top = 1) const;
  /// Embeds and identifies one clip. Throws as the other, and the error of an unreadable clip.
  Identification identify(const Verifier& verifier, const Clip& clip,
                          const Acceptance& accept = Acceptance::per_search(0.01)) const;

  /// Writes all clips as `twinear embed` does: safetensors with a row of `embeddings` for each
  /// clip, and model_id, labels (the names), paths and seconds in the metadata. The same content
  /// gives the same bytes; import_enrollment reads it back.
  void export_to(const std::string& path) const;

 private:
  friend std::size_t import_enrollment(const std::string& file, const std::string& path);
  struct State;
  std::unique_ptr<State> state_;
};

/// Adds the clips of a file that Enrollment::export_to or `twinear embed` wrote, all or none, to
/// the database at `path`, which is made if it is missing. Returns how many of them are new. Throws
/// as Enrollment.
std::size_t import_enrollment(const std::string& file, const std::string& path);

}  // namespace twinear
