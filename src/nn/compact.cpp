// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "nn/architectures.h"
#include "twinear/error.h"

namespace twinear {

void fields(Fields& f, CompactOptions& o) {
  embedding_field(f, o.embedding);
  f.numbers({"channels", "channels", "output channels of each convolution"}, o.channels, 1, 65536);
  f.numbers({"strides", "frames", "stride of each convolution"}, o.strides, 1, 1023);
  input_norm_field(f, o.input_norm);
  f.flag({"pooled_norm", "", "batch norm on the pooled vector"}, o.pooled_norm);
}

EncoderSpec EncoderSpec::compact(const CompactOptions& o) {
  if (o.channels.empty() || o.channels.size() != o.strides.size())
    throw Error(Fault::config, fmt::format("expected channels and a stride for each convolution, "
                                           "found {} channels and {} strides",
                                           o.channels.size(), o.strides.size()));
  SpecBuilder b("compact", o.bins, o.input_norm);
  for (std::size_t i = 0; i < o.channels.size(); ++i) {
    b.conv1d(fmt::format("conv{}", i + 1), "",
             {{"out", o.channels[i]},
              {"kernel", i == 0 ? 5 : 3},
              {"stride", o.strides[i]},
              {"bias", false}});  // the norm has one
    b.add("batch_norm", fmt::format("norm{}", i + 1), {}, {{"relu", true}});
  }
  b.add("stats_pool", "pool");
  if (o.pooled_norm) b.add("batch_norm", "pooled_norm");
  return b.end(o.embedding);
}

ArchitectureKind compact_architecture() {
  return architecture_kind<CompactOptions, EncoderSpec::compact>(
      "compact", "convolutions with batch norm and ReLU, statistics, one projection");
}

}  // namespace twinear
