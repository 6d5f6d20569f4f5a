// SPDX-License-Identifier: Apache-2.0
#include "nn/conv_gradients.h"

#include <algorithm>

#include "nn/onednn_conv1d.h"
#include "nn/rows.h"

namespace twinear::nn {

void ConvGradients::prepare(std::size_t micro_batches, Layouts layouts, const Parameter& weight,
                            const Parameter* bias) {
  layouts_ = std::move(layouts);
  std::size_t size = weight.value.size();
  for (const auto* packed : {&layouts_.full, &layouts_.rest})
    if (*packed) size = std::max(size, (*packed)->get_size() / sizeof(float));
  weight_.resize(micro_batches, size);
  if (bias != nullptr) bias_.resize(micro_batches, bias->value.size());
}

void ConvGradients::add_to(Parameter& weight, Parameter* bias) {
  if (bias != nullptr) bias_.add_to(bias->gradient);
  const auto& [plain, full, rest] = layouts_;
  const auto& packed = full ? *full : *rest;
  // A last micro-batch whose primitive packs the gradient in another way is brought to the first's.
  if (full && rest && *rest != packed) {
    Buffer copy(weight_.last(), weight_.last() + weight_.size());
    reorder(view(*rest, copy.data()), view(packed, weight_.last()));
  }
  if (packed == plain) return weight_.add_to(weight.gradient);
  plain_.resize(weight.gradient.size());
  reorder(view(packed, weight_.sum()), view(plain, plain_.data()));
  rows::add(plain_.data(), weight.gradient.data(), plain_.size());
}

}  // namespace twinear::nn
