// SPDX-License-Identifier: Apache-2.0
#include "exchange/torch_checkpoint.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <set>
#include <string_view>

#include "base/within.h"
#include "exchange/pickle.h"

namespace twinear {
namespace {

using Kind = Pickle::Kind;

constexpr zip_int64_t max_entries = 1 << 16;
constexpr std::size_t max_dimensions = 8;
constexpr std::string_view dictionary = "collections OrderedDict";
constexpr std::string_view tensor_maker = "torch._utils _rebuild_tensor_v2";
constexpr std::string_view parameter_maker = "torch._utils _rebuild_parameter";
constexpr std::string_view storage_prefix = "torch ";

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

float half(const std::byte* at) {
  const auto bits = load<std::uint16_t>(at);
  const std::uint32_t sign = (bits & 0x8000U) << 16U, exponent = (bits >> 10U) & 0x1FU,
                      fraction = bits & 0x3FFU;
  if (exponent == 0x1FU) return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13U);
  if (exponent == 0) {  // of 2^-24 each
    const float value = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | (exponent + 112U) << 23U | fraction << 13U);
}

float bfloat16(const std::byte* at) {
  return std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(at)} << 16U);
}
float narrowed(const std::byte* at) { return static_cast<float>(load<double>(at)); }

struct Storage {
  std::string_view name;
  std::size_t width;                            // bytes of an element
  float (*number)(const std::byte*) = nullptr;  // reads an element that is a float
};
constexpr Storage storages[] = {
    {"torch FloatStorage", 4, load<float>},
    {"torch HalfStorage", 2, half},
    {"torch BFloat16Storage", 2, bfloat16},
    {"torch DoubleStorage", 8, narrowed},
    {"torch LongStorage", 8},
    {"torch IntStorage", 4},
    {"torch ShortStorage", 2},
    {"torch CharStorage", 1},
    {"torch ByteStorage", 1},
    {"torch BoolStorage", 1},
};

std::vector<std::string_view> known_names() {
  std::vector<std::string_view> names{dictionary, tensor_maker, parameter_maker};
  for (const Storage& storage : storages) names.push_back(storage.name);
  return names;
}

[[noreturn]] void refuse(const std::string& what) { throw Error(Fault::format, what); }

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct Close {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

/// The entries of a zip archive that are neither compressed nor encrypted. libzip checks that each
/// name is there once and that the archive's own two lists agree.
class Archive {
 public:
  explicit Archive(std::span<const std::byte> bytes) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    if (source != nullptr)
      zip_.reset(zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error));
    const std::string why = zip_ ? "" : zip_error_strerror(&error);
    zip_error_fini(&error);
    if (!zip_) {
      zip_source_free(source);
      refuse("it is not a checkpoint of torch.save: " + why);
    }
    const zip_int64_t count = zip_get_num_entries(zip_.get(), 0);
    if (count > max_entries)
      refuse(fmt::format("the archive has more than {} entries", max_entries));
    std::uint64_t left = bytes.size();
    for (zip_int64_t i = 0; i < count; ++i) add(static_cast<std::uint64_t>(i), left);
  }

  struct Entry {
    std::uint64_t index, size;
  };
  const std::map<std::string, Entry>& entries() const noexcept { return entries_; }

  const Entry& entry(const std::string& name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) refuse("the archive has no entry \"" + name + "\"");
    return found->second;
  }

  /// The bytes of an entry, whose check sum libzip checks.
  std::vector<std::byte> read(std::uint64_t index) const {
    zip_stat_t stat;
    if (zip_stat_index(zip_.get(), index, 0, &stat) != 0) refuse(zip_strerror(zip_.get()));
    std::vector<std::byte> bytes(stat.size);
    const std::unique_ptr<zip_file_t, Close> file(zip_fopen_index(zip_.get(), index, 0));
    std::byte beyond{};
    if (!file ||
        zip_fread(file.get(), bytes.data(), bytes.size()) !=
            static_cast<zip_int64_t>(bytes.size()) ||
        zip_fread(file.get(), &beyond, 1) != 0)
      refuse(fmt::format("entry \"{}\" is damaged", stat.name));
    return bytes;
  }

 private:
  void add(std::uint64_t index, std::uint64_t& left) {
    zip_stat_t stat;
    constexpr auto needed =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat_index(zip_.get(), index, 0, &stat) != 0 || (stat.valid & needed) != needed)
      refuse("an entry of the archive has no name, size or compression method");
    const bool encrypted =
        (stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE;
    if (encrypted || stat.comp_method != ZIP_CM_STORE || stat.size != stat.comp_size)
      refuse(fmt::format("entry \"{}\" is compressed or encrypted; torch.save does neither",
                         stat.name));
    if (stat.size > left) refuse("the entries of the archive are larger than the file");
    left -= stat.size;
    entries_.emplace(stat.name, Entry{index, stat.size});
  }

  std::unique_ptr<zip_t, Discard> zip_;
  std::map<std::string, Entry> entries_;
};

/// Finds tensors in a pickle.
class Tensors {
 public:
  Tensors(const Pickle& pickle, const Archive& archive, std::string folder)
      : pickle_(pickle), archive_(archive), folder_(std::move(folder)) {}

  std::vector<TorchTensor> read() const {
    const Pickle::Value& dict = unwrapped(pickle_.at(pickle_.root));
    std::vector<TorchTensor> tensors;
    std::set<std::string> names;
    for (std::size_t i = first_item(dict); i < dict.items.size(); i += 2) {
      const Pickle::Value& key = pickle_.at(dict.items[i]);
      if (key.kind != Kind::text) refuse("a name in its state dict is not a text");
      tensors.push_back(within(fmt::format("\"{}\"", key.text),
                               [&] { return tensor(pickle_.at(dict.items[i + 1])); }));
      tensors.back().name = key.text;
      if (!names.insert(key.text).second) refuse("tensor \"" + key.text + "\" is listed twice");
    }
    constexpr std::string_view prefix = "module.";
    if (std::ranges::all_of(names, [&](const auto& name) { return name.starts_with(prefix); }))
      for (TorchTensor& tensor : tensors) tensor.name.erase(0, prefix.size());
    return tensors;
  }

 private:
  bool is_dict(const Pickle::Value& value) const {
    return value.kind == Kind::dict || is_call(value, dictionary);
  }
  /// Where the keys and values of a dict begin.
  static std::size_t first_item(const Pickle::Value& dict) {
    return dict.kind == Kind::dict ? 0 : 2;
  }
  /// The state dict: `root` or what it holds.
  const Pickle::Value& unwrapped(const Pickle::Value& root) const {
    constexpr std::array<std::string_view, 3> wrappers{"state_dict", "model_state_dict", "model"};
    if (!is_dict(root)) refuse("it holds no state dict");
    for (std::size_t i = first_item(root); i + 1 < root.items.size(); i += 2) {
      const Pickle::Value &key = pickle_.at(root.items[i]), &value = pickle_.at(root.items[i + 1]);
      if (key.kind == Kind::text && std::ranges::find(wrappers, key.text) != wrappers.end() &&
          is_dict(value))
        return value;
    }
    return root;
  }
  bool is_call(const Pickle::Value& value, std::string_view callee) const {
    return value.kind == Kind::call && pickle_.at(value.items[0]).text == callee;
  }
  /// Item `i` of a tuple, which must be of a kind.
  const Pickle::Value& item(const Pickle::Value& tuple, std::size_t i, Kind kind) const {
    if (tuple.kind != Kind::tuple || i >= tuple.items.size() ||
        pickle_.at(tuple.items[i]).kind != kind)
      refuse("its record is not that of a tensor");
    return pickle_.at(tuple.items[i]);
  }
  std::size_t size(const Pickle::Value& value) const {
    if (value.kind != Kind::whole || value.whole < 0)
      refuse("expected a whole number of at least 0 as each size");
    return static_cast<std::size_t>(value.whole);
  }
  std::vector<std::size_t> sizes(const Pickle::Value& tuple) const {
    if (tuple.items.size() > max_dimensions)
      refuse(fmt::format("it has more than {} dimensions", max_dimensions));
    std::vector<std::size_t> all;
    for (const std::uint32_t i : tuple.items) all.push_back(size(pickle_.at(i)));
    return all;
  }

  // ("storage", its type, its entry, device, elements)
  TorchTensor tensor(const Pickle::Value& value) const {
    const Pickle::Value& made =
        is_call(value, parameter_maker) ? item(pickle_.at(value.items[1]), 0, Kind::call) : value;
    if (!is_call(made, tensor_maker))
      refuse("it is not a tensor; expected a state dict of tensors");
    const Pickle::Value& arguments = pickle_.at(made.items[1]);
    const Pickle::Value& handle = item(arguments, 0, Kind::persistent);
    const Pickle::Value& storage = pickle_.at(handle.items[0]);
    const std::string& type = item(storage, 1, Kind::name).text;
    const auto* known = std::ranges::find(storages, type, &Storage::name);
    if (item(storage, 0, Kind::text).text != "storage" || known == std::end(storages))
      refuse("its storage is of an unknown type");
    const auto& entry = archive_.entry(folder_ + "data/" + item(storage, 2, Kind::text).text);
    const std::size_t elements = size(item(storage, 4, Kind::whole));
    if (entry.size % known->width != 0 || entry.size / known->width != elements)
      refuse(fmt::format("expected a storage of {} elements of {} bytes, found {} bytes", elements,
                         known->width, entry.size));
    TorchTensor tensor{.name = {},
                       .shape = sizes(item(arguments, 2, Kind::tuple)),
                       .strides = sizes(item(arguments, 3, Kind::tuple)),
                       .offset = size(item(arguments, 1, Kind::whole)),
                       .storage = type.substr(storage_prefix.size()),
                       .entry = entry.index};
    expect_inside(tensor, elements);
    return tensor;
  }

  /// No element beyond the storage, and no more of them than it has.
  static void expect_inside(const TorchTensor& tensor, std::size_t elements) {
    if (tensor.strides.size() != tensor.shape.size())
      refuse(fmt::format("expected a stride for each of {} dimensions, found {}",
                         tensor.shape.size(), tensor.strides.size()));
    std::size_t count = 1, last = tensor.offset;
    for (const std::size_t n : tensor.shape) {
      if (n != 0 && count > elements / n) refuse("it has more elements than its storage");
      count *= n;
    }
    if (count == 0) return;
    for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
      const std::size_t steps = tensor.shape[d] - 1;
      if (last >= elements || (steps != 0 && tensor.strides[d] > (elements - last) / steps))
        refuse("it reaches beyond its storage");
      last += steps * tensor.strides[d];
    }
    if (last >= elements) refuse("it reaches beyond its storage");
  }

  const Pickle& pickle_;
  const Archive& archive_;
  std::string folder_;
};

}  // namespace

struct TorchCheckpoint::Parts {
  explicit Parts(std::span<const std::byte> bytes) : archive(bytes) {}
  Archive archive;
  std::vector<TorchTensor> tensors;
  std::map<std::string_view, const TorchTensor*> by_name;
};

TorchCheckpoint::TorchCheckpoint(std::span<const std::byte> bytes)
    : parts_(std::make_unique<Parts>(bytes)) {
  constexpr std::string_view file = "data.pkl";
  const Archive& archive = parts_->archive;
  std::string folder;  // that all entries are in
  std::size_t pickles = 0;
  for (const auto& [name, entry] : archive.entries())
    if (name.ends_with("/data.pkl") && ++pickles == 1)
      folder = name.substr(0, name.size() - file.size());
  if (pickles != 1)
    refuse(fmt::format("it is not a checkpoint of torch.save: {} entries are called {}", pickles,
                       file));
  const auto order = archive.entries().find(folder + "byteorder");
  if (order != archive.entries().end()) {
    const auto said = archive.read(order->second.index);
    if (std::string_view(reinterpret_cast<const char*>(said.data()), said.size()) != "little")
      refuse("its numbers are not little-endian");
  }
  const auto allowed = known_names();
  const Pickle pickle =
      parse_pickle(archive.read(archive.entry(folder + std::string(file)).index), allowed);
  parts_->tensors = Tensors(pickle, archive, folder).read();
  for (const TorchTensor& tensor : parts_->tensors) parts_->by_name[tensor.name] = &tensor;
}

TorchCheckpoint::~TorchCheckpoint() = default;

std::span<const TorchTensor> TorchCheckpoint::tensors() const noexcept { return parts_->tensors; }

const TorchTensor* TorchCheckpoint::find(const std::string& name) const {
  const auto found = parts_->by_name.find(name);
  return found == parts_->by_name.end() ? nullptr : found->second;
}

std::vector<float> TorchCheckpoint::values(const TorchTensor& tensor) const {
  return within(fmt::format("\"{}\"", tensor.name), [&] {
    const auto* storage =
        std::ranges::find(storages, std::string(storage_prefix) + tensor.storage, &Storage::name);
    if (storage == std::end(storages) || storage->number == nullptr)
      refuse(fmt::format("expected numbers in floats, found a {}", tensor.storage));
    const auto bytes = parts_->archive.read(tensor.entry);
    std::size_t count = 1;
    for (const std::size_t n : tensor.shape) count *= n;
    std::vector<float> values(count);
    std::vector<std::size_t> index(tensor.shape.size());
    for (float& value : values) {
      std::size_t at = tensor.offset;
      for (std::size_t d = 0; d < index.size(); ++d) at += index[d] * tensor.strides[d];
      value = storage->number(bytes.data() + storage->width * at);
      for (std::size_t d = index.size(); d-- > 0;) {  // the next index, the last dimension first
        if (++index[d] < tensor.shape[d]) break;
        index[d] = 0;
      }
    }
    return values;
  });
}

}  // namespace twinear
