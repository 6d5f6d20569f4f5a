// SPDX-License-Identifier: Apache-2.0
// A database of enrolled people: one that opens lists, exports and forgets them.
#include <filesystem>

#include "fuzz/fuzz.h"
#include "twinear/enrollment.h"

namespace twinear {

void fuzz_database(std::string_view bytes) {
  const std::string path = fuzz_file("people.sqlite", bytes);
  for (const char* beside : {"-wal", "-shm", "-journal"}) std::filesystem::remove(path + beside);
  Enrollment people(path);
  const auto identities = people.list();
  people.export_to(fuzz_folder() / "people.safetensors");
  for (const Identity& identity : identities) require(people.remove(identity.name));
  require(people.list().empty());
}

}  // namespace twinear
