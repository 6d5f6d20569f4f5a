// SPDX-License-Identifier: Apache-2.0
// The log of a training run: its steps rise.
#include "fuzz/fuzz.h"
#include "report/training_log.h"

namespace twinear {

void fuzz_training_log(std::string_view bytes) {
  const TrainingLog log = read_training_log(fuzz_file("log.jsonl", bytes));
  for (const TrainingLog::Table* table : {&log.steps, &log.epochs})
    for (std::size_t i = 1; i < table->rows.size(); ++i)
      require(table->rows[i - 1].front() < table->rows[i].front());
}

}  // namespace twinear
