// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

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
  const Verifier verifier = Verifier::load(find_model(args.model));
  check_identity_name(args.name);
  if (std::filesystem::exists(args.db))  // told before the work; made only after it
    Enrollment(args.db, verifier.model_id());
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
  for (const ClipEmbedding& clip : clips)
    for (const auto& line : clip.warnings) common.console.warn(line);

  Enrollment people(args.db, verifier.model_id());
  const std::size_t added = people.enroll(args.name, clips);
  const Identity known = people.find(args.name).value_or(Identity{args.name, 0, 0});
  if (common.json)
    print_json({{"db", args.db},
                {"name", known.name},
                {"added", added},
                {"clips", known.clips},
                {"seconds", known.seconds},
                {"model_id", people.model_id()}});
  else
    fmt::print("{}: {} new clip{}; {} in all, {:.1f} s\n", known.name, added, added == 1 ? "" : "s",
               known.clips, known.seconds);
  return 0;
}

}  // namespace

void add_enroll(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command = program.command("enroll", "Makes somebody, or a sound, known to a database");
  command.argument("NAME", args->name, "whose clips they are");
  command.arguments("FILE", args->files, "audio files, or features in .npy");
  command.option("--db", "DB", args->db, "an SQLite file, made where there is none",
                 Need::required);
  command.model(args->model, Need::optional);
  command.option("--min-speech", "SECONDS", args->min_speech, 0, 3600, "that a clip must hold");
  command.flag("--force", args->force,
               "takes clips with too little speech, and silent, clipped and telephone ones");
  command.channel(args->channel);
  command.footer(
      "All clips are enrolled or none; one that is known already counts once. An identity is\n"
      "compared by the mean of its clips.");
  command.run([args](const Common& common) { return enroll(*args, common); });
}

}  // namespace twinear::cli
