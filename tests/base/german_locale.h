// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <clocale>
#include <cstdlib>
#include <string>

#include "temporary_folder.h"

namespace twinear {

/// While it lives the process has a locale that writes one half as "0,5", as programs with a window
/// have in Germany. Where the system lacks that locale it is made by localedef, if that is there.
class GermanLocale {
 public:
  GermanLocale() : is_set_(set() || (made() && set())) {}
  ~GermanLocale() {
    std::setlocale(LC_ALL, "C");
    ::unsetenv("LOCPATH");
  }
  GermanLocale(const GermanLocale&) = delete;
  GermanLocale& operator=(const GermanLocale&) = delete;

  bool is_set() const { return is_set_; }

 private:
  static bool set() { return std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr; }
  bool made() const {
    const std::string command =
        "localedef -i de_DE -f UTF-8 '" + (folder_ / "de_DE.UTF-8") + "' >/dev/null 2>&1";
    return std::system(command.c_str()) == 0 && ::setenv("LOCPATH", (folder_ / "").c_str(), 1) == 0;
  }

  TemporaryFolder folder_;
  bool is_set_;
};

}  // namespace twinear
