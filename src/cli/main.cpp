// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>

#include "cli/command.h"
#include "cli/commands.h"
#include "twinear/error.h"

namespace {

/// Says the one line that ends the program. A name from outside may hold line breaks.
int fail(int exit_code, std::string line) {
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  fmt::print(stderr, "twinear: {}\n", line);
  return exit_code;
}

int run(int argc, char** argv) {
  twinear::cli::Program program;
  twinear::cli::add_verify(program);
  twinear::cli::add_enroll(program);
  twinear::cli::add_identify(program);
  twinear::cli::add_db(program);
  twinear::cli::add_features(program);
  twinear::cli::add_train(program);
  twinear::cli::add_recipe_keys(program);
  twinear::cli::add_augment(program);
  twinear::cli::add_embed(program);
  twinear::cli::add_score(program);
  twinear::cli::add_eval(program);
  twinear::cli::add_calibrate(program);
  twinear::cli::add_adapt(program);
  twinear::cli::add_fewshot(program);
  twinear::cli::add_import(program);
  twinear::cli::add_export(program);
  twinear::cli::add_info(program);
  twinear::cli::add_completion(program);
  const int exit_code = program.run(argc, argv);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw twinear::Error(twinear::Fault::io, "standard output: could not be written whole");
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) try { return run(argc, argv); } catch (const twinear::Error& e) {
  return fail(2, e.what());
} catch (const std::bad_alloc&) {
  return fail(3, "internal error: out of memory");
} catch (const std::exception& e) {
  return fail(3, fmt::format("internal error: {}", e.what()));
}
