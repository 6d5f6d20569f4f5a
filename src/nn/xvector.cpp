// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "nn/architectures.h"

namespace twinear {

void fields(Fields& f, XvectorOptions& o) {
  embedding_field(f, o.embedding);
  input_norm_field(f, o.input_norm);
  channels_field(f, "width", o.channels, "of a layer");
  channels_field(f, "pooled", o.pooled, "of the last layer before the statistics");
}

EncoderSpec EncoderSpec::xvector(const XvectorOptions& o) {
  SpecBuilder b("xvector", o.bins, o.input_norm);
  struct Frame {
    int out, kernel, dilation;
  };
  const Frame frames[] = {{o.channels, 5, 1},
                          {o.channels, 3, 2},
                          {o.channels, 3, 3},
                          {o.channels, 1, 1},
                          {o.pooled, 1, 1}};
  int number = 0;
  for (const auto& [out, kernel, dilation] : frames) {
    ++number;
    b.conv1d(fmt::format("frame{}", number), "",
             {{"out", out}, {"kernel", kernel}, {"dilation", dilation}, {"bias", false}});
    b.add("batch_norm", fmt::format("norm{}", number), {}, {{"relu", true}});
  }
  b.add("stats_pool", "pool");
  b.add("batch_norm", "pooled_norm");
  b.add("linear", "segment6", {}, {{"out", o.channels}, {"bias", false}});
  b.add("batch_norm", "norm6", {}, {{"relu", true}});
  return b.end(o.embedding);
}

ArchitectureKind xvector_architecture() {
  return {"xvector", "the x-vector TDNN (Snyder et al. 2018)",
          [] { return std::make_unique<ArchitectureOf<XvectorOptions, EncoderSpec::xvector>>(); }};
}

}  // namespace twinear
