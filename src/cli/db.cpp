// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/output.h"
#include "twinear/enrollment.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string db, name, file;
};

int list(const Arguments& args, const Common& common) {
  for (const auto& [name, clips, seconds] : Enrollment(args.db).list())
    if (common.json)
      print_json({{"name", name}, {"clips", clips}, {"seconds", seconds}});
    else
      fmt::print("{}\t{}\t{:.1f}\n", name, clips, seconds);
  return 0;
}

int remove_from(const Arguments& args, const Common& common) {
  if (!Enrollment(args.db).remove(args.name))
    throw Error(Fault::config,
                fmt::format("{}: knows nobody of the name \"{}\"", args.db, args.name));
  print_result(common, {{"db", args.db}, {"removed", args.name}});
  return 0;
}

int export_to(const Arguments& args, const Common& common) {
  check_output(args.file);
  const Enrollment people(args.db);
  people.export_to(args.file);
  print_result(common, {{"output", args.file}, {"model_id", people.model_id()}});
  return 0;
}

int import_from(const Arguments& args, const Common& common) {
  const std::size_t added = import_enrollment(args.file, args.db);
  print_result(common, {{"db", args.db}, {"added", added}},
               fmt::format("{}: {} new clip{}", args.db, added, added == 1 ? "" : "s"));
  return 0;
}

}  // namespace

void add_db(Program& program) {
  program.add_group("db", "Manages a database of enrolled identities");
  const auto add = [&](const char* name, const char* summary, const char* db,
                       int (*action)(const Arguments&, const Common&)) {
    auto added = program.add(name, summary, action);
    added.first.option("--db", "DB", added.second.db, db, Need::required);
    return added;
  };
  const char* there = "opens this SQLite file, which twinear enroll made";

  add("db list", "Lists the identities with their clips and seconds", there, list);

  auto [remove, remove_args] = add(
      "db remove", "Removes an identity, and erases its clips from the file", there, remove_from);
  remove.argument("NAME", remove_args.name, "is the identity to remove");

  auto [export_command, export_args] =
      add("db export", "Writes all clips as embeddings, as twinear embed does", there, export_to);
  export_command.option("-o,--out", "FILE", export_args.file,
                        "writes a row of the tensor \"embeddings\" for each clip; the metadata has "
                        "model_id, labels (the names), paths and seconds",
                        Need::required);

  auto [import, import_args] =
      add("db import", "Adds all clips of a file of embeddings, or none",
          "opens this SQLite file, which is made if it is missing", import_from);
  import.argument("FILE", import_args.file,
                  "is made by twinear db export, or by twinear embed with labels");
}

}  // namespace twinear::cli
