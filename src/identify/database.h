// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>

namespace twinear {

/// Opens the SQLite file at `path` and brings its schema to the newest version. A file that is
/// missing, which is made so that only its owner can read it, or empty becomes a database for
/// embeddings of the model `*model_id`; if `model_id` is null, it is refused. Who may not write the
/// file or its folder can read it, and who reads it leaves nothing beside it. Throws
/// SQLite::Exception, or Error with the path first: format for a file that is not an enrollment
/// database or has a newer version, io for a path that names no file.
SQLite::Database open_database(const std::string& path, const std::string* model_id);

/// Throws what SQLite reported as an Error with the path first: format for a file that is damaged
/// or not a database, io for the rest. Throws std::bad_alloc if SQLite found no memory.
[[noreturn]] void throw_error(const std::string& path, const SQLite::Exception& found);

/// Returns what `call` returns; throws SQLite's exceptions as throw_error does.
template <class Call>
auto with_errors(const std::string& path, const Call& call) try {
  return call();
} catch (const SQLite::Exception& found) {
  throw_error(path, found);
}

}  // namespace twinear
