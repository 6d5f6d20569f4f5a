// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "nn/architectures.h"
#include "twinear/error.h"

namespace twinear {
namespace {

Values conv(int out, int kernel, int stride) {
  return {{"out", out}, {"kernel", kernel}, {"stride", stride}};
}

/// max(0, f(x) + x); where shapes differ, x goes through a convolution of one frame.
std::string residual(SpecBuilder& b, const std::string& name, const std::string& input, int from,
                     int out, int stride) {
  const std::string skip = from == out && stride == 1
                               ? input
                               : b.normed(name + ".skip", input, conv(out, 1, stride), false);
  const std::string first = b.normed(name + ".first", input, conv(out, 3, stride), true);
  const std::string second = b.normed(name + ".second", first, conv(out, 3, 1), false);
  b.add("add", name + ".sum", {second, skip});
  return b.add("relu", name);
}

}  // namespace

void fields(Fields& f, ResidualOptions& o) {
  embedding_field(f, o.embedding);
  f.numbers({"channels", "channels", "output channels of each stage"}, o.channels, 1, 65536);
  input_norm_field(f, o.input_norm);
  f.whole({"blocks", "", "number of blocks of a stage"}, o.blocks, 1, 64);
}

EncoderSpec EncoderSpec::residual(const ResidualOptions& o) {
  if (o.channels.empty() || o.blocks < 1)
    throw Error(Fault::config,
                fmt::format("resnet: expected at least one stage of one block, found {} of {}",
                            o.channels.size(), o.blocks));
  SpecBuilder b("resnet", o.bins, o.input_norm);
  std::string last = b.normed("stem", "", conv(o.channels[0], 5, 1), true);
  int width = o.channels[0];
  for (std::size_t stage = 0; stage < o.channels.size(); ++stage)
    for (int block = 0; block < o.blocks; ++block) {
      last = twinear::residual(b, fmt::format("stage{}.{}", stage + 1, block + 1), last, width,
                               o.channels[stage], stage > 0 && block == 0 ? 2 : 1);
      width = o.channels[stage];
    }
  b.add("stats_pool", "pool");
  b.add("batch_norm", "pooled_norm");
  return b.end(o.embedding);
}

ArchitectureKind resnet_architecture() {
  return architecture_kind<ResidualOptions, EncoderSpec::residual>(
      "resnet", "residual blocks over time (He et al. 2016, in one dimension)");
}

}  // namespace twinear
