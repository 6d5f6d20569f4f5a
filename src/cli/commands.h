// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"

namespace twinear::cli {

/// Each puts one command into the program; its file says what the command does.
void add_adapt(Program& program);
void add_augment(Program& program);
void add_calibrate(Program& program);
void add_completion(Program& program);
void add_db(Program& program);
void add_embed(Program& program);
void add_enroll(Program& program);
void add_eval(Program& program);
void add_export(Program& program);
void add_features(Program& program);
void add_fewshot(Program& program);
void add_identify(Program& program);
void add_import(Program& program);
void add_info(Program& program);
void add_recipe_keys(Program& program);
void add_score(Program& program);
void add_train(Program& program);
void add_verify(Program& program);

}  // namespace twinear::cli
