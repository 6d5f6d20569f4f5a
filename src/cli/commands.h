// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"

namespace twinear::cli {

/// A function that adds one command to the program.
using AddCommand = void(Program& program);

AddCommand add_adapt, add_augment, add_calibrate, add_completion, add_db, add_embed, add_enroll,
    add_eval, add_export, add_features, add_fewshot, add_identify, add_import, add_info,
    add_recipe_keys, add_score, add_train, add_verify;

}  // namespace twinear::cli
