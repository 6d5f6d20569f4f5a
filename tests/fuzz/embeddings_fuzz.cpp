// SPDX-License-Identifier: Apache-2.0
// A file of embeddings: one that is imported into a database is exported as it was imported.
#include <filesystem>

#include "fuzz/fuzz.h"
#include "twinear/enrollment.h"

namespace twinear {

void fuzz_embeddings(std::string_view bytes) {
  const std::string file = fuzz_file("embeddings.safetensors", bytes);
  const std::string database = fuzz_folder() / "imported.sqlite";
  for (const char* beside : {"", "-wal", "-shm"}) std::filesystem::remove(database + beside);
  const std::size_t clips = import_enrollment(file, database);
  const std::string exported = fuzz_folder() / "exported.safetensors";
  Enrollment(database).export_to(exported);
  require(import_enrollment(exported, database) == 0);
  std::size_t listed = 0;
  for (const Identity& identity : Enrollment(database).list()) listed += identity.clips;
  require(listed == clips);
}

}  // namespace twinear
