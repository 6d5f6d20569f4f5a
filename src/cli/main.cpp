// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "cli/commands.h"
#include "twinear/error.h"

namespace {

/// Prints the one line that ends the program; control characters, which a file name may hold,
/// become question marks.
int fail(int exit_code, std::string line) {
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  fmt::print(stderr, "twinear: {}\n", line);
  return exit_code;
}

int run(int argc, char** argv) {
  using namespace twinear::cli;
  Program program;
  for (AddCommand* add :
       {add_verify, add_enroll, add_identify, add_db, add_features, add_train, add_recipe_keys,
        add_augment, add_embed, add_score, add_eval, add_calibrate, add_adapt, add_fewshot,
        add_import, add_export, add_info, add_completion})
    add(program);
  const int exit_code = program.run(argc, argv);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw twinear::Error(twinear::Fault::io, "standard output: could not be written whole");
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) try {
  const int exit_code = run(argc, argv);
#if defined(NDEBUG)       // what counts leaks or covered lines wants to see the whole end
  std::_Exit(exit_code);  // the system frees memory, pages at a time
#else
  return exit_code;
#endif
} catch (const twinear::Error& e) {
  return fail(2, e.what());
} catch (const std::bad_alloc&) {
  return fail(3, "internal error: out of memory");
} catch (const std::exception& e) {
  return fail(3, fmt::format("internal error: {}", e.what()));
}
