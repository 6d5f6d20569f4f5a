// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/decision.h"
#include "cli/output.h"
#include "twinear/enrollment.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

struct Arguments {
  std::string db, model, name;
  std::vector<std::string> files;
  double min_speech = 1;
  bool force = false;
  int channel = -1;
};

int enroll(const Arguments& args, const Common& common) {
  std::optional<Enrollment> before;
  if (std::filesystem::exists(args.db)) before.emplace(args.db);
  const Verifier verifier =
      load_verifier(args.model, before ? before->model_id() : "", common.console);
  check_identity_name(args.name);
  if (before) before->require_model(verifier.model_id());  // so that it is refused before the work
  before.reset();
  QualityGate gate = QualityGate::enrollment(args.min_speech);
  gate.warns = args.force;
  const auto clips =
      verifier.embed_each(clips_of_arguments(args.files), {.channel = args.channel, .gate = gate});
  for (const ClipEmbedding& clip : clips) {
    if (!clip.error) continue;
    if (clip.status == ClipEmbedding::Status::unreadable) throw *clip.error;
    throw Error(clip.error->fault(),
                clip.error->what() + std::string(" (--force enrolls it all the same)"));
  }
  for (const ClipEmbedding& clip : clips) tell(clip, common.console);

  Enrollment people(args.db, verifier.model_id());
  const std::size_t added = people.enroll(args.name, clips);
  const Identity known = people.find(args.name).value_or(Identity{args.name, 0, 0});
  print_result(common,
               {{"db", args.db},
                {"name", known.name},
                {"added", added},
                {"clips", known.clips},
                {"seconds", known.seconds},
                {"model_id", people.model_id()}},
               fmt::format("{}: {} new clip{}; {} in all, {:.1f} s", known.name, added,
                           added == 1 ? "" : "s", known.clips, known.seconds));
  return 0;
}

}  // namespace

void add_enroll(Program& program) {
  auto [command, args] =
      program.add("enroll", "Adds clips of a speaker or a sound to a database", enroll);
  command.argument("NAME", args.name, "is the name of the identity");
  command.argument("FILE", args.files, "are its clips: audio files, or features in .npy");
  command.option("--db", "DB", args.db, "opens this SQLite file, which is made if it is missing",
                 Need::required);
  command.model(args.model, Need::optional);
  command.option("--min-speech", "SECONDS", args.min_speech, 0, 3600,
                 "refuses clips with less speech");
  command.flag("--force", args.force,
               "takes clips with too little speech, and silent, clipped and telephone ones");
  command.channel(args.channel);
  command.footer(
      "All clips are enrolled or none; a clip that is known already counts once. An identity is\n"
      "compared by the mean of its clips.");
}

}  // namespace twinear::cli
