// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/decision.h"
#include "twinear/enrollment.h"

namespace twinear::cli {

/// A clip to identify: a file, or a window of a stream.
struct Question {
  std::string file = {};      ///< empty for a window
  double start = 0, end = 0;  ///< seconds; 0 for a file
  ClipEmbedding clip = {};
};

/// Identifies clips by one model and one database, and prints a line for each.
class Identifier {
 public:
  struct Arguments {
    std::string db, model;
    AcceptanceArguments decision;
    int top = 0;
    void add_to(Command& command);
  };
  /// Throws Error, before any clip is read, for a database of another model and for a threshold
  /// that the model does not have.
  Identifier(const Arguments& args, const Console& console, bool json);

  const Verifier& verifier() const { return verifier_; }

  /// Prints the answers, which are out of the program's buffers when this returns.
  void answer(const std::vector<Question>& questions) const;

 private:
  void print(const Question& question, const Identification& answer) const;
  void print_object(const Question& question, const Identification& answer) const;

  Enrollment people_;
  Verifier verifier_;
  Acceptance accept_;
  std::size_t top_;
  bool json_;
};

/// The options of `twinear identify` for a stream.
struct StreamArguments {
  std::string path, format = "s16";
  int rate = 16000;
  double window = 3, hop = 1;
};

/// Identifies each window of a stream of samples until it ends or the user interrupts.
void identify_stream(const Identifier& identifier, const StreamArguments& args,
                     const Console& console);

/// Identifies each file that comes into a folder until the user interrupts.
void identify_arrivals(const Identifier& identifier, const std::string& folder, int channel,
                       const Console& console);

/// Identifies files. Returns whether each got an answer; standard error tells of those without.
bool identify_files(const Identifier& identifier, std::span<const std::string> files, int channel,
                    const Console& console);

}  // namespace twinear::cli
