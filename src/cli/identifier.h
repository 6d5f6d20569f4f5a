// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/decision.h"
#include "twinear/enrollment.h"
#include "twinear/verifier.h"

namespace twinear::cli {

/// A clip that somebody asks about: a file, or a window of a stream.
struct Question {
  std::string file = {};      ///< empty for a window
  double start = 0, end = 0;  ///< seconds, of a window
  ClipEmbedding clip = {};
};

/// Prints whose clips they are, a line each, by one model and one database.
class Identifier {
 public:
  struct Arguments {
    std::string db, model;
    AcceptanceArguments decision;
    int top = 0;
    void add_to(Command& command);
  };
  /// Throws Error where the model and the database do not belong together, or where there could be
  /// no decision: before a clip is read.
  Identifier(const Arguments& args, bool json);

  const Verifier& verifier() const { return verifier_; }

  /// Each line is there for whoever waits for it when this ends.
  void answer(const std::vector<Question>& questions) const;

 private:
  void print(const Question& question, const Identification& answer) const;
  void print_object(const Question& question, const Identification& answer) const;

  Verifier verifier_;
  Acceptance accept_;
  Enrollment people_;
  std::size_t top_;
  bool json_;
};

/// What `twinear identify` asks about, beside files.
struct StreamArguments {
  std::string path, format = "s16";
  int rate = 16000;
  double window = 3, hop = 1;
};

/// Each window of a stream of samples until it ends or the user interrupts.
void identify_stream(const Identifier& identifier, const StreamArguments& args,
                     const Console& console);

/// Each file that comes into a folder until the user interrupts.
void identify_arrivals(const Identifier& identifier, const std::string& folder, int channel,
                       const Console& console);

/// Files that are there; false where one got no answer, which is told on the way.
bool identify_files(const Identifier& identifier, std::span<const std::string> files, int channel,
                    const Console& console);

}  // namespace twinear::cli
