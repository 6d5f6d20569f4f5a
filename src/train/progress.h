// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <fstream>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "train/collapse.h"
#include "twinear/loss.h"
#include "twinear/trainer.h"

namespace twinear {

/// What an evaluation is judged by, which is better where it is lower (EpochReport::best).
double figure(const EpochReport& report);

/// How far a run has come, and what its evaluations on dev decided.
struct Progress {
  std::uint64_t step = 0;  ///< steps done
  int best_epoch = 0;      ///< 0: there was no evaluation yet
  double best_figure = 0;  ///< of that epoch, lower is better: figure()
  double best_cosine = std::numeric_limits<double>::quiet_NaN();  ///< dev_cosine of that epoch
  int since_best = 0;      ///< evaluations since the best one
  int since_drop = 0;      ///< evaluations since the best one or since the rate was lowered
  double rate_factor = 1;  ///< factor on the learning rate that plateaus have left

  /// Takes an evaluation in and returns whether it is the best.
  bool evaluated(const EpochReport& report, const OptimizerOptions& optimizer);

  /// Whether patience has ended.
  bool over(const TrainOptions& train) const {
    return train.patience > 0 && since_best >= train.patience;
  }

  std::string json() const;
  /// Throws Error (format), `place` first.
  static Progress from_json(const std::string& text, const std::string& place);
};

/// The wall clock of a run.
using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start);

/// Sums over the batches and steps since the last report.
class StepTotals {
 public:
  void add(const LossValue& loss, const BatchSpread& spread);  ///< of one batch
  void add_step(double gradient_norm);
  void add_wait(double seconds);    ///< for a batch
  void skip(Clock::duration time);  ///< spent on something else than training

  /// The averages, and the sums begin anew. Steps, rate and clips of a batch are the caller's.
  StepReport report(std::uint64_t step, std::uint64_t steps, double rate, std::size_t batch_size);

  /// The share of the time up to the last report in which steps waited for batches.
  double data_wait() const { return trained_ > 0 ? waited_ / trained_ : 0; }

 private:
  struct Sums {
    int steps = 0, batches = 0;
    double loss = 0, gradient_norm = 0, tuples = 0, active = 0;
    BatchSpread spread;
    double waited = 0;
    Clock::time_point since = Clock::now();
  };
  Sums sums_;
  double waited_ = 0, trained_ = 0;  // seconds
};

/// The file log.jsonl, which a resumed run cuts back to where it takes over.
class RunLog {
 public:
  RunLog(std::string path, std::uint64_t resumed_at);

  /// Appends an object. Throws Error (io) where the file cannot be written.
  void line(const nlohmann::ordered_json& entry);

 private:
  std::string path_;
  std::ofstream out_;
};

/// A report as a line of the log.
nlohmann::ordered_json to_json(const StepReport& report);
nlohmann::ordered_json to_json(const EpochReport& report);

/// The figures of an evaluation that there are, by name.
nlohmann::ordered_json metrics_of(const EpochReport& report);

}  // namespace twinear
