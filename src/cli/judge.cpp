// SPDX-License-Identifier: Apache-2.0
#include "cli/judge.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/within.h"
#include "twinear/error.h"

namespace twinear::cli {

void ThresholdArguments::add_to(Command& command) {
  command.option("--threshold", "SCORE", threshold, -1.0, 1.0,
                 "least score of the same source (default: even odds by the model's calibration)");
  command.option("--at-fpr", "RATE", at_fpr, 0.0, 1.0,
                 "or the threshold with this false-alarm rate, from 0 to 1");
  command.exclusive("--threshold", "--at-fpr");
}

Judge::Judge(const Verifier& verifier, const ThresholdArguments& args, std::string path)
    : verifier_(verifier), path_(std::move(path)), threshold_(args.threshold) {
  const auto& calibration = verifier.model().calibration;
  if (!calibration && args.at_fpr)
    throw Error(Fault::config, path_ +
                                   ": holds no calibration, which --at-fpr rests on (see "
                                   "twinear calibrate)");
  if (!args.at_fpr) {
    within(path_, [&] { return verifier.decide(0, threshold_); });  // throws before a clip is read
    return;
  }
  threshold_ = within(path_, [&] { return calibration->threshold_at(*args.at_fpr); });
  from_ = fmt::format("accepts {:g} % of different {}s in {}", 100.0 * *args.at_fpr,
                      verifier.model().source, calibration->source);
}

Verdict Judge::operator()(double score, const Lengths& seconds) const {
  const auto& calibration = verifier_.model().calibration;
  std::optional<Lengths> lengths;
  if (calibration && calibration->lengths && seconds.a > 0 && seconds.b > 0) lengths = seconds;
  auto threshold = threshold_;
  if (!from_.empty() && lengths) *threshold -= calibration->shift(*lengths);
  Verdict verdict = within(path_, [&] { return verifier_.decide(score, threshold, lengths); });
  if (!from_.empty()) verdict.threshold_from = from_;
  return verdict;
}

nlohmann::ordered_json number_or_null(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nullptr;
}

std::string columns(const Verdict& v) {
  const auto column = [](const std::optional<double>& x) {
    return x ? fmt::format("{:.6f}", *x) : "-";
  };
  return fmt::format("{:.6f}\t{}\t{}", v.score, column(v.llr), column(v.probability));
}

}  // namespace twinear::cli
