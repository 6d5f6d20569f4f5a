// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "nn/architectures.h"

namespace twinear {

void fields(Fields& f, XvectorOptions& o) {
  embedding_field(f, o.embedding);
  input_norm_field(f, o.input_norm);
  channels_field(f, "width", o.channels,
                 "output channels of each layer, except the last before the statistics");
  channels_field(f, "pooled", o.pooled, "output channels of the last layer before the statistics");
}

EncoderSpec EncoderSpec::xvector(const XvectorOptions& o) {
  SpecBuilder b("xvector", o.bins, o.input_norm);
  constexpr int kernels[] = {5, 3, 3, 1, 1}, dilations[] = {1, 2, 3, 1, 1};  // frames
  for (int i = 0; i < 5; ++i) {
    b.conv1d(fmt::format("frame{}", i + 1), "",
             {{"out", i < 4 ? o.channels : o.pooled},
              {"kernel", kernels[i]},
              {"dilation", dilations[i]},
              {"bias", false}});
    b.add("batch_norm", fmt::format("norm{}", i + 1), {}, {{"relu", true}});
  }
  b.add("stats_pool", "pool");
  b.add("batch_norm", "pooled_norm");
  b.add("linear", "segment6", {}, {{"out", o.channels}, {"bias", false}});
  b.add("batch_norm", "norm6", {}, {{"relu", true}});
  return b.end(o.embedding);
}

ArchitectureKind xvector_architecture() {
  return architecture_kind<XvectorOptions, EncoderSpec::xvector>(
      "xvector", "the x-vector TDNN (Snyder et al. 2018)");
}

}  // namespace twinear
