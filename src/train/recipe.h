// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/settings.h"
#include "twinear/trainer.h"

namespace twinear {

/// [teacher], [sampler], [optimizer], [train], [data] and [eval].
void fields(Fields& f, TeacherOptions& options);
void fields(Fields& f, SamplerOptions& options);
void fields(Fields& f, OptimizerOptions& options);
void fields(Fields& f, TrainOptions& options);
void fields(Fields& f, DataOptions& options);
void fields(Fields& f, EvalOptions& options);

/// The front end of [front_end] with `overrides` on top; `preset` names what the table starts
/// from where it does not say so itself. An empty `recipe` path has no tables.
FrontEnd read_front_end(const std::string& recipe, const std::vector<std::string>& overrides,
                        const std::string& preset);

/// One JSON object with an object for each table of the recipe, but for [teacher] where there is
/// none. Equal texts are equal recipes.
std::string recipe_json(const Recipe& recipe);

/// The recipe with no more of each path than its last folder and file: what a model tells others of
/// the disk that it was trained on.
Recipe without_folders(Recipe recipe);

}  // namespace twinear
