// SPDX-License-Identifier: Apache-2.0
// What import_model() needs to know of an architecture; each has a function that finds it out.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>

#include "exchange/torch_checkpoint.h"
#include "twinear/encoder.h"
#include "twinear/error.h"
#include "twinear/features.h"

namespace twinear {

/// A checkpoint's layers in our words: the encoder, and for each of its layers theirs.
struct Translation {
  EncoderSpec spec;
  std::map<std::string, std::string> layers;  ///< our layer -> their prefix of names
  FrontEnd front_end;                         ///< that they were trained with
  std::string ignored;                        ///< prefix of what is no part of the encoder
};

/// A checkpoint, asked for sizes.
class Shapes {
 public:
  explicit Shapes(const TorchCheckpoint& checkpoint) : checkpoint_(checkpoint) {}

  bool has(const std::string& name) const { return checkpoint_.find(name) != nullptr; }

  /// Size `dimension` of a tensor that must be there: 1 to 65536.
  int size(const std::string& name, std::size_t dimension) const {
    const TorchTensor* tensor = checkpoint_.find(name);
    if (tensor == nullptr)
      throw Error(Fault::format,
                  fmt::format("it has no tensor \"{}\"; another architecture?", name));
    if (dimension >= tensor->shape.size() || tensor->shape[dimension] < 1 ||
        tensor->shape[dimension] > 65536)
      throw Error(Fault::format, fmt::format("tensor \"{}\" has another shape", name));
    return static_cast<int>(tensor->shape[dimension]);
  }

  /// How many of name(0), name(1), ... there are without a gap.
  template <class Name>
  int count(const Name& name, int from = 0) const {
    int n = 0;
    while (n < 64 && has(name(from + n))) ++n;
    return n;
  }

 private:
  const TorchCheckpoint& checkpoint_;
};

/// CAM++ as 3D-Speaker and as WeSpeaker trained it: the same layers, but another front end and
/// another deviation in the pooling.
Translation campplus_of_3dspeaker(const Shapes& shapes);
Translation campplus_of_wespeaker(const Shapes& shapes);

}  // namespace twinear
