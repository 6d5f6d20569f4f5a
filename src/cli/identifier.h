// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/judge.h"
#include "twinear/enrollment.h"

namespace twinear::cli {

/// A clip that somebody asks about: a file, or a window of a stream.
struct Question {
  std::string file = {};
  double start = 0, end = 0;  ///< of a window, in seconds
  std::vector<float> embedding = {};
  double seconds = 0;
  bool silence = false;    ///< nothing to ask about
  std::string error = {};  ///< why it could not be heard
};

/// Says of clips whose they are, a line each, by one model and one database.
class Identifier {
 public:
  struct Arguments {
    std::string db, model;
    ThresholdArguments decision;
    int top = 0;
    void add_to(Command& command);
  };
  /// Throws Error where the model and the database do not belong together.
  Identifier(const Arguments& args, bool json);

  const Verifier& verifier() const { return verifier_; }

  /// Each line is there for whoever waits for it when this ends.
  void answer(const std::vector<Question>& questions) const;

 private:
  std::string path_;
  Verifier verifier_;
  Judge judge_;
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

/// Files that are there; false where one could not be heard, which is told on the way.
bool identify_files(const Identifier& identifier, std::span<const std::string> files, int channel,
                    const Console& console);

}  // namespace twinear::cli
