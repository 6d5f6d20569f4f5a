// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinear {

/// What a pickle describes: values that refer to each other by their numbers. Reading one builds
/// this table and does nothing else; whatever a pickle wants called stays a name with arguments.
struct Pickle {
  enum class Kind {
    none,
    truth,
    whole,
    real,
    text,
    tuple,
    list,
    dict,        ///< items: key, value, key, value, ...
    name,        ///< text: "module name", one of those that were allowed
    call,        ///< items: a name, its tuple of arguments; then as a dict
    persistent,  ///< items: the tuple that stands for something outside of the pickle
  };
  struct Value {
    Kind kind = Kind::none;
    std::int64_t whole = 0;  ///< also a truth
    double real = 0;
    std::string text = {};
    std::vector<std::uint32_t> items = {};
  };
  std::vector<Value> values;
  std::uint32_t root = 0;

  const Value& at(std::uint32_t index) const { return values[index]; }
};

/// Reads an untrusted pickle of protocol 2, as torch.save writes it: at most 4 MiB and a million
/// values (200 MB of memory), only opcodes that data need, and only the global names of `allowed`
/// ("module name"). Throws Error (format) for any other.
Pickle parse_pickle(std::span<const std::byte> bytes, std::span<const std::string_view> allowed);

}  // namespace twinear
