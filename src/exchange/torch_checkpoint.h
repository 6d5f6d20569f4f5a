// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace twinear {

/// A tensor of a checkpoint: where its numbers lie.
struct TorchTensor {
  std::string name;
  std::vector<std::size_t> shape;
  std::vector<std::size_t> strides;  ///< elements, as many
  std::size_t offset = 0;            ///< elements
  std::string storage;               ///< its type, as "FloatStorage"
  std::uint64_t entry = 0;           ///< of the archive
};

/// A state dict that torch.save wrote (a zip archive, since PyTorch 1.6) and anybody may have
/// changed: names and tensors, nothing else. It may lie in a dict, beside other things that are not
/// read, under "state_dict", "model_state_dict" or "model"; where all names begin with "module.",
/// as those of torch.nn.DataParallel do, this is taken away. Entries must be plain (neither
/// compressed nor encrypted), named once and together no larger than the file; tensors must lie in
/// their storage and have no more elements than it. So memory is bounded by the file. Throws Error
/// (format) for all others, as all of its functions do.
class TorchCheckpoint {
 public:
  /// `bytes` must outlive it.
  explicit TorchCheckpoint(std::span<const std::byte> bytes);
  ~TorchCheckpoint();
  TorchCheckpoint(const TorchCheckpoint&) = delete;
  TorchCheckpoint& operator=(const TorchCheckpoint&) = delete;

  std::span<const TorchTensor> tensors() const noexcept;
  const TorchTensor* find(const std::string& name) const;
  /// Its numbers in row-major order; only of tensors of floats (half, bfloat16, float, double).
  std::vector<float> values(const TorchTensor& tensor) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace twinear
