// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twinear {

namespace registry {
/// Throws Error (config) for an unknown name; the message has the nearest name and all names.
[[noreturn]] void refuse_unknown(const std::string& family, std::string_view name,
                                 std::span<const std::string> known);
/// Throws std::invalid_argument for a name that is empty or taken.
[[noreturn]] void refuse_name(const std::string& family, const std::string& name);
}  // namespace registry

/// The kinds of one family, for example all losses, by name. `Kind` has a member `std::string
/// name`.
///
/// Threads: look-ups may run in parallel. A program must add its own kinds before it starts threads
/// that look kinds up.
template <class Kind>
class Registry {
 public:
  /// `family` is the word for a kind in messages, for example "loss".
  Registry(std::string family, std::vector<Kind> kinds) : family_(std::move(family)) {
    for (Kind& kind : kinds) add(std::move(kind));
  }

  /// Adds a kind. Throws std::invalid_argument if its name is empty or taken. References to kinds
  /// stay valid as long as the registry lives.
  void add(Kind kind) {
    if (kind.name.empty() || known(kind.name) != nullptr) registry::refuse_name(family_, kind.name);
    kinds_.push_back(std::move(kind));
  }

  /// Finds a kind by its name. Throws Error (config), with the nearest name and all names, if there
  /// is none.
  const Kind& find(std::string_view name) const {
    const Kind* kind = known(name);
    if (kind == nullptr) registry::refuse_unknown(family_, name, names());
    return *kind;
  }

  /// The names of all kinds in the order in which they were added.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Kind& kind : kinds_) all.push_back(kind.name);
    return all;
  }

  /// The kinds in the order in which they were added.
  auto begin() const noexcept { return kinds_.begin(); }
  auto end() const noexcept { return kinds_.end(); }

 private:
  const Kind* known(std::string_view name) const {
    for (const Kind& kind : kinds_)
      if (kind.name == name) return &kind;
    return nullptr;
  }

  std::string family_;
  std::deque<Kind> kinds_;
};

}  // namespace twinear
