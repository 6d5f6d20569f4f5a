// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
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

int remove(const Arguments& args, const Common& common) {
  if (!Enrollment(args.db).remove(args.name))
    throw Error(Fault::config,
                fmt::format("{}: knows nobody of the name \"{}\"", args.db, args.name));
  if (common.json) print_json({{"db", args.db}, {"removed", args.name}});
  return 0;
}

int export_to(const Arguments& args, const Common& common) {
  check_output(args.file);
  const Enrollment people(args.db);
  people.export_to(args.file);
  if (common.json) print_json({{"output", args.file}, {"model_id", people.model_id()}});
  return 0;
}

int import_from(const Arguments& args, const Common& common) {
  const std::size_t added = import_enrollment(args.file, args.db);
  if (common.json)
    print_json({{"db", args.db}, {"added", added}});
  else
    fmt::print("{}: {} new clip{}\n", args.db, added, added == 1 ? "" : "s");
  return 0;
}

}  // namespace

void add_db(Program& program) {
  program.group("db", "Looks after a database of enrollments");
  const auto add = [&](const char* name, const char* summary, const char* db,
                       int (*action)(const Arguments&, const Common&)) {
    const auto args = std::make_shared<Arguments>();
    Command command = program.command(name, summary);
    command.option("--db", "DB", args->db, db, Need::required);
    command.run([args, action](const Common& common) { return action(*args, common); });
    return std::pair(command, args);
  };
  const char* there = "an SQLite file that twinear enroll made";

  add("db list", "Who is known: name, clips, seconds", there, list);

  auto [remove_command, remove_args] =
      add("db remove", "Forgets somebody, and erases what the file held of them", there, remove);
  remove_command.argument("NAME", remove_args->name, "who is forgotten");

  auto [export_command, export_args] =
      add("db export", "Writes all clips as embeddings, as twinear embed does", there, export_to);
  export_command.option("-o,--out", "FILE", export_args->file,
                        "tensor \"embeddings\", a row a clip; model_id, labels (the names), paths "
                        "and seconds in the metadata",
                        Need::required);

  auto [import_command, import_args] =
      add("db import", "Adds the clips of such a file, all or none",
          "an SQLite file, made where there is none", import_from);
  import_command.argument("FILE", import_args->file,
                          "of twinear db export, or of twinear embed with labels");
}

}  // namespace twinear::cli
