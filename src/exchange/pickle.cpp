// SPDX-License-Identifier: Apache-2.0
#include "exchange/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

#include "twinear/error.h"

namespace twinear {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");
using Kind = Pickle::Kind;

constexpr std::size_t max_bytes = std::size_t{4} << 20;
constexpr std::size_t max_values = std::size_t{1} << 20;
constexpr std::size_t max_shown = 100;  // of a name, in a message

[[noreturn]] void refuse(const std::string& what) { throw Error(Fault::format, "pickle: " + what); }

/// The stack machine of Python's pickletools, without the opcodes that make objects.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, std::span<const std::string_view> allowed)
      : rest_(bytes), allowed_(allowed) {
    if (bytes.size() > max_bytes)
      refuse(fmt::format("it has {} bytes; at most {} are read", bytes.size(), max_bytes));
  }

  Pickle read();

 private:
  static const std::map<char, void (*)(Reader&)> opcodes;

  std::span<const std::byte> take(std::size_t n) {
    if (n > rest_.size()) refuse("it ends in the middle of a value");
    const auto taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string text(std::size_t n) {
    const auto bytes = take(n);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::string line() {
    const auto end = std::ranges::find(rest_, std::byte{'\n'});
    if (end == rest_.end()) refuse("it ends in the middle of a value");
    std::string found = text(static_cast<std::size_t>(end - rest_.begin()));
    take(1);
    return found;
  }

  void push(Pickle::Value value) {
    if (pickle_.values.size() == max_values)
      refuse(fmt::format("it has more than {} values", max_values));
    pickle_.values.push_back(std::move(value));
    stack_.push_back(static_cast<std::uint32_t>(pickle_.values.size() - 1));
  }
  void push_whole(std::int64_t value) { push({.kind = Kind::whole, .whole = value}); }

  std::uint32_t pop() {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() <= floor) refuse("it takes a value from an empty stack");
    const std::uint32_t top = stack_.back();
    stack_.pop_back();
    return top;
  }

  std::vector<std::uint32_t> pop_to_mark() {
    if (marks_.empty()) refuse("it needs a mark that is not set");
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<std::uint32_t> items(from, stack_.end());
    stack_.erase(from, stack_.end());
    marks_.pop_back();
    return items;
  }

  std::vector<std::uint32_t> pop_many(std::size_t n) {
    std::vector<std::uint32_t> items(n);
    for (std::size_t i = n; i-- > 0;) items[i] = pop();
    return items;
  }

  /// The value on top of the stack, to which items are added.
  Pickle::Value& top(std::initializer_list<Kind> kinds) {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back()))
      refuse("it appends to an empty stack");
    Pickle::Value& value = pickle_.values[stack_.back()];
    if (std::ranges::find(kinds, value.kind) == kinds.end())
      refuse("it appends to a value that takes no items");
    return value;
  }

  void append(const std::vector<std::uint32_t>& items, std::initializer_list<Kind> kinds) {
    auto& to = top(kinds).items;
    to.insert(to.end(), items.begin(), items.end());
  }

  void set_items(const std::vector<std::uint32_t>& items) {
    if (items.size() % 2 != 0) refuse("a key has no value");
    append(items, {Kind::dict, Kind::call});
  }

  void remember(std::uint32_t key) {
    if (stack_.empty()) refuse(fmt::format("it sets memo entry {} from an empty stack", key));
    memo_[key] = stack_.back();
  }

  void recall(std::uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) refuse(fmt::format("it reads memo entry {} before it is set", key));
    stack_.push_back(found->second);
    if (stack_.size() > max_values)
      refuse(fmt::format("its stack has more than {} values", max_values));
  }

  void global() {
    const std::string module = line(), name = line(), whole = module + " " + name;
    if (std::ranges::find(allowed_, whole) == allowed_.end())
      refuse(fmt::format("global \"{}.{}\" is not allowed in a checkpoint",
                         module.substr(0, max_shown), name.substr(0, max_shown)));
    push({.kind = Kind::name, .text = whole});
  }

  void call() {
    const std::uint32_t arguments = pop(), callee = pop();
    if (pickle_.at(callee).kind != Kind::name || pickle_.at(arguments).kind != Kind::tuple)
      refuse("it calls a value that is not a name");
    push({.kind = Kind::call, .items = {callee, arguments}});
  }

  /// A state dict carries the versions of its modules as an attribute, which nobody needs.
  void drop_attributes() {
    const std::uint32_t attributes = pop();
    if (pickle_.at(attributes).kind != Kind::dict)
      refuse("the attributes of an object are not a dict");
    top({Kind::call});
  }

  void long_number() {
    const auto size = number<std::uint8_t>();
    if (size > sizeof(std::int64_t)) refuse("a number has more than 64 bits");
    std::uint64_t value = 0;
    const auto bytes = take(size);
    std::memcpy(&value, bytes.data(), size);
    const unsigned unused = 64 - 8U * size;  // to carry the sign up
    push_whole(size == 0 ? 0 : static_cast<std::int64_t>(value << unused) >> unused);
  }

  void real_number() {  // big-endian, alone in this format
    std::uint64_t bits = 0;
    for (const std::byte b : take(sizeof bits)) bits = bits << 8 | std::to_integer<unsigned>(b);
    push({.kind = Kind::real, .real = std::bit_cast<double>(bits)});
  }

  void protocol() {
    if (const int found = number<std::uint8_t>(); found != 2)
      refuse(fmt::format("expected protocol 2, found {}", found));
  }

  void stop() {
    pickle_.root = pop();
    done_ = true;
  }

  std::span<const std::byte> rest_;
  std::span<const std::string_view> allowed_;
  Pickle pickle_;
  std::vector<std::uint32_t> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::map<std::uint32_t, std::uint32_t> memo_;
  bool done_ = false;
};

/// The opcodes of protocol 2 that data need; Python's pickletools has their names.
const std::map<char, void (*)(Reader&)> Reader::opcodes{
    {'\x80', [](Reader& r) { r.protocol(); }},
    {'c', [](Reader& r) { r.global(); }},
    {'R', [](Reader& r) { r.call(); }},
    {'b', [](Reader& r) { r.drop_attributes(); }},
    {'Q', [](Reader& r) { r.push({.kind = Kind::persistent, .items = {r.pop()}}); }},
    {'(', [](Reader& r) { r.marks_.push_back(r.stack_.size()); }},
    {')', [](Reader& r) { r.push({.kind = Kind::tuple}); }},
    {'t', [](Reader& r) { r.push({.kind = Kind::tuple, .items = r.pop_to_mark()}); }},
    {'\x85', [](Reader& r) { r.push({.kind = Kind::tuple, .items = r.pop_many(1)}); }},
    {'\x86', [](Reader& r) { r.push({.kind = Kind::tuple, .items = r.pop_many(2)}); }},
    {'\x87', [](Reader& r) { r.push({.kind = Kind::tuple, .items = r.pop_many(3)}); }},
    {']', [](Reader& r) { r.push({.kind = Kind::list}); }},
    {'a', [](Reader& r) { r.append(r.pop_many(1), {Kind::list}); }},
    {'e', [](Reader& r) { r.append(r.pop_to_mark(), {Kind::list}); }},
    {'}', [](Reader& r) { r.push({.kind = Kind::dict}); }},
    {'s', [](Reader& r) { r.set_items(r.pop_many(2)); }},
    {'u', [](Reader& r) { r.set_items(r.pop_to_mark()); }},
    {'N', [](Reader& r) { r.push({}); }},
    {'\x88', [](Reader& r) { r.push({.kind = Kind::truth, .whole = 1}); }},
    {'\x89', [](Reader& r) { r.push({.kind = Kind::truth, .whole = 0}); }},
    {'K', [](Reader& r) { r.push_whole(r.number<std::uint8_t>()); }},
    {'M', [](Reader& r) { r.push_whole(r.number<std::uint16_t>()); }},
    {'J', [](Reader& r) { r.push_whole(r.number<std::int32_t>()); }},
    {'\x8a', [](Reader& r) { r.long_number(); }},
    {'G', [](Reader& r) { r.real_number(); }},
    {'X',
     [](Reader& r) { r.push({.kind = Kind::text, .text = r.text(r.number<std::uint32_t>())}); }},
    {'q', [](Reader& r) { r.remember(r.number<std::uint8_t>()); }},
    {'r', [](Reader& r) { r.remember(r.number<std::uint32_t>()); }},
    {'h', [](Reader& r) { r.recall(r.number<std::uint8_t>()); }},
    {'j', [](Reader& r) { r.recall(r.number<std::uint32_t>()); }},
    {'.', [](Reader& r) { r.stop(); }},
};

Pickle Reader::read() {
  if (number<char>() != '\x80') refuse("it does not begin with protocol 2");
  protocol();
  while (!done_) {
    const auto opcode = number<char>();
    const auto found = opcodes.find(opcode);
    if (found == opcodes.end())
      refuse(fmt::format("opcode {:#04x} is not allowed in a checkpoint",
                         static_cast<unsigned char>(opcode)));
    found->second(*this);
  }
  return std::move(pickle_);
}

}  // namespace

Pickle parse_pickle(std::span<const std::byte> bytes, std::span<const std::string_view> allowed) {
  return Reader(bytes, allowed).read();
}

}  // namespace twinear
