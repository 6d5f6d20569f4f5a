// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <utility>

namespace twinear {

/// Philox 4x32-10 (Salmon et al. 2011): four random words as a pure function of counter and key.
constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                              std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = 0xD2511F53ULL * counter[0], b = 0xCD9E8D57ULL * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

/// The purpose of random numbers. Different purposes draw from independent streams. Saved models
/// and runs depend on the numbers of these values, so new ones are appended.
enum class Purpose : std::uint32_t {
  weight,
  label_order,
  clip_order,
  crop,
  dither,
  pair,
  trial,
  bootstrap,
  selftest,
  test,
  negative,
  class_center,
  augment_speed,
  augment_room,
  augment_noise,
  augment_color,
  augment_band,
  augment_telephone,
  augment_gain,
  augment_mask,
  episode,
  label_shuffle,
  projection,
  augment_microphone,
  teacher_map,
  condition,
};

/// A stream of random numbers: a pure function of (seed, purpose, a, b). One thread at a time may
/// use it.
class Random {
 public:
  Random(std::uint64_t seed, Purpose purpose, std::uint32_t a = 0, std::uint32_t b = 0)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        counter_{0, static_cast<std::uint32_t>(purpose), a, b} {}

  /// 32 random bits.
  std::uint32_t next() {
    if (left_ == 0) {
      words_ = philox(counter_, key_);
      ++counter_[0];
      left_ = 4;
    }
    return words_[--left_];
  }

  /// A number in [0, 1) with 32 random bits.
  double uniform() { return next() * 0x1p-32; }
  /// A number in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// A whole number in [0, n), with a relative bias of at most 2^-32 n.
  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>((static_cast<std::uint64_t>(next()) * n) >> 32);
  }

  /// A normally distributed number with mean 0 and deviation 1 (Box and Muller 1958).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

  /// Shuffles `items` into a uniformly random order (Fisher and Yates).
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> words_{};
  std::size_t left_ = 0;
};

}  // namespace twinear
