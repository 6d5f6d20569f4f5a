// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <span>

#include "cli/commands.h"
#include "cli/identifier.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

struct Arguments {
  Identifier::Arguments who;
  std::vector<std::string> files;
  std::string folder;
  StreamArguments stream;
  int channel = -1;
};

int identify(const Arguments& args, const Common& common) {
  const int sources = (args.files.empty() ? 0 : 1) + (args.stream.path.empty() ? 0 : 1) +
                      (args.folder.empty() ? 0 : 1);
  if (sources != 1)
    throw Error(Fault::config, "identify: one of FILE, --stream and --watch is needed");
  const Identifier identifier(args.who, common.json);
  if (!args.stream.path.empty()) {
    identify_stream(identifier, args.stream, common.console);
  } else if (!args.folder.empty()) {
    identify_arrivals(identifier, args.folder, args.channel, common.console);
  } else if (!identify_files(identifier, args.files, args.channel, common.console)) {
    return 2;
  }
  return 0;
}

}  // namespace

bool identify_files(const Identifier& identifier, std::span<const std::string> files, int channel,
                    const Console& console) {
  bool all_answered = true;
  constexpr std::size_t at_once = 1024;  // files whose answers somebody waits for
  for (std::size_t begin = 0; begin < files.size(); begin += at_once) {
    const auto some = files.subspan(begin, std::min(at_once, files.size() - begin));
    auto clips = identifier.verifier().embed_each(clips_of_arguments(some), {.channel = channel});
    std::vector<Question> questions;
    for (std::size_t i = 0; i < some.size(); ++i) {
      for (const auto& warning : clips[i].warnings) console.warn(warning);
      if (clips[i].error)
        console.say(Level::error, std::string("twinear: ") + clips[i].error->what());
      all_answered = all_answered && !clips[i].error;
      questions.push_back({.file = some[i], .clip = std::move(clips[i])});
    }
    identifier.answer(questions);
  }
  return all_answered;
}

void add_identify(Program& program) {
  const auto args = std::make_shared<Arguments>();
  auto command = program.command("identify", "Whose voice, or what sound, is it?");
  command.arguments("FILE", args->files, "audio files, or features in .npy", Need::optional);
  command.option("--stream", "FILE", args->stream.path,
                 "instead: samples as they come, raw or WAV; - for standard input");
  command.option("--watch", "FOLDER", args->folder, "or: each file that comes into a folder");
  args->who.add_to(command);
  command.option("--rate", "HZ", args->stream.rate, 1, 768'000, "of a raw stream");
  command.choice("--format", {"s16", "f32"}, args->stream.format,
                 "of a raw stream, one channel, little-endian");
  command.option("--window", "SECONDS", args->stream.window, 0.5, 600,
                 "of a stream, for an answer");
  command.option("--hop", "SECONDS", args->stream.hop, 0.05, 600, "from a window to the next");
  command.channel(args->channel);
  command.footer(
      "A line is FILE (of a stream: start and end in seconds), a name or unknown, silence or "
      "error,\n"
      "score, log-likelihood ratio and probability, with tabs between. The threshold is one\n"
      "comparison's: among N who are known, a stranger is taken for one of them up to N times as\n"
      "often.\n"
      "  $ arecord -f S16_LE -r 16000 -c1 -t raw | twinear identify --db people.sqlite --stream -");
  command.run([args](const Common& common) { return identify(*args, common); });
}

}  // namespace twinear::cli
