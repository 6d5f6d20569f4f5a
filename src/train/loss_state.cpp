// SPDX-License-Identifier: Apache-2.0
#include "train/loss_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/state.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// The name of the i-th parameters in a checkpoint.
std::string key(std::size_t i) {
  return i == 0 ? "loss.learned" : fmt::format("loss.learned{}", i + 1);
}

}  // namespace

void check_batches(const std::string& kind, const Loss& loss, const SamplerOptions& sampler) {
  const BatchNeed need = loss.needs();
  if (sampler.clips < need.clips)
    throw Error(Fault::config, fmt::format("loss.kind = \"{}\" needs sampler.clips of at least {}, "
                                           "found {}: {}",
                                           kind, need.clips, sampler.clips, need.why));
}

void check_teacher(const std::string& kind, const Loss& loss, const TeacherOptions& teacher) {
  const bool needed = loss.needs().teacher;
  if (needed && teacher.model.empty())
    throw Error(
        Fault::config,
        fmt::format("loss.kind = \"{}\" needs a teacher, but [teacher] names no model", kind));
  if (!needed && !teacher.model.empty())
    throw Error(Fault::config,
                fmt::format("[teacher] names a model, but loss.kind = \"{}\" needs no teacher; "
                            "teacher-cosine and teacher-table do",
                            kind));
}

void check_labels(const std::string& kind, const Loss& loss, const SamplerOptions& sampler,
                  const Manifest& clips) {
  const LabelUse use = loss.needs().labels;
  const auto without = std::ranges::find(clips.label_of, no_label);
  if (without == clips.label_of.end()) return;
  if (use != LabelUse::none && clips.labels.empty())
    throw Error(
        Fault::config,
        fmt::format("loss.kind = \"{}\" compares labels, but no training clip has one", kind));
  const std::string& first =
      clips.clips[static_cast<std::size_t>(without - clips.label_of.begin())].place();
  if (use == LabelUse::every)
    throw Error(Fault::config,
                fmt::format("{}: the clip has no label; loss.kind = \"{}\" needs one of every clip",
                            first, kind));
  if (sampler.hard > 0)
    throw Error(Fault::config,
                fmt::format("{}: the clip has no label; sampler.hard = {} needs one of every clip",
                            first, sampler.hard));
}

std::vector<nn::Learned> learned(Loss& loss) {
  std::vector<nn::Learned> all;
  for (LossParameters* p : loss.parameters())
    all.push_back({key(all.size()), p->value.values(), p->gradient.values()});
  return all;
}

std::map<std::string, Matrix> state_of(Loss& loss) {
  auto state = loss.state();
  const auto parameters = loss.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) state[key(i)] = parameters[i]->value;
  return state;
}

void restore(Loss& loss, const std::map<std::string, Matrix>& state) {
  const auto parameters = loss.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Matrix& value = parameters[i]->value;  // copied to where it is: the optimizer looks there
    std::ranges::copy(state_of(state, key(i), value.rows(), value.cols()).values(),
                      value.values().begin());
  }
  loss.restore(state);
}

}  // namespace twinear
