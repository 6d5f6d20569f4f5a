// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nn/optimizer.h"
#include "twinear/loss.h"
#include "twinear/manifest.h"
#include "twinear/sampler.h"
#include "twinear/teacher.h"

namespace twinear {

/// Throws Error (config), with the reason, where the loss needs other batches than `sampler` draws;
/// `kind` is the name of the loss.
void check_batches(const std::string& kind, const Loss& loss, const SamplerOptions& sampler);

/// Throws Error (config) where the loss needs a teacher and there is none, or the reverse.
void check_teacher(const std::string& kind, const Loss& loss, const TeacherOptions& teacher);

/// Throws Error (config) where clips lack labels that the loss, or a sampler of hard ones, needs.
void check_labels(const std::string& kind, const Loss& loss, const SamplerOptions& sampler,
                  const Manifest& clips);

/// The parameters of a loss for the optimizer, which looks into the loss.
std::vector<nn::Learned> learned(Loss& loss);

/// What a loss has learned and remembers, for a checkpoint.
std::map<std::string, Matrix> state_of(Loss& loss);
/// Puts it back. Throws Error (format) for the state of another loss.
void restore(Loss& loss, const std::map<std::string, Matrix>& state);

}  // namespace twinear
