// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "twinear/loss.h"
#include "twinear/miner.h"

namespace twinear {

/// What the losses over mined pairs or triplets share: a miner, a memory of earlier batches, and a
/// margin.
template <class Tuple>
class MinedLoss : public Loss {
 public:
  MinedLoss(const Registry<MinerKind<Tuple>>& miners, std::string miner)
      : miners_(miners), miner_(std::move(miner)) {}

  void mining_keys(Fields& f) final {
    f.one_of({"kind", "", "the pairs or triplets of a batch that are compared"}, miner_,
             miners_.names());
    f.whole({"memory", "embeddings",
             "the last embeddings of earlier batches, as constants to compare with (Wang et al. "
             "2020)"},
            capacity_, 0, 1 << 20);
  }

  void begin(const LossContext& context) final {
    context_ = context;
    memory_ = EmbeddingMemory(static_cast<std::size_t>(capacity_));
  }

  LossValue operator()(const LossBatch& batch, Matrix& gradient) final {
    if (capacity_ == 0) return lose(batch, gradient);
    const Matrix rows = memory_.with_memory(batch.embeddings());
    const std::vector<int> labels = memory_.with_memory(batch.labels());
    const LossValue loss =
        lose({rows, labels, batch.number(), batch.embeddings().rows()}, gradient);
    memory_.add(batch.embeddings(), batch.labels());
    return loss;
  }

  std::vector<Margin*> margins() final { return {&margin_}; }
  std::map<std::string, Matrix> state() const final { return memory_.state(); }
  void restore(const std::map<std::string, Matrix>& state) final {
    memory_.restore(state, context_.width);
  }

 protected:
  /// The loss of a batch that has the memory's rows behind its own.
  virtual LossValue lose(const LossBatch& batch, Matrix& gradient) const = 0;

  const MinerKind<Tuple>& miner() const { return miners_.find(miner_); }
  std::vector<Tuple> mine(const LossBatch& batch, Distance distance) const {
    return miner().mine(batch,
                        {.margin = margin_.now, .distance = distance, .seed = context_.seed});
  }

  Margin margin_{.full = 0.3F};

 private:
  const Registry<MinerKind<Tuple>>& miners_;
  std::string miner_;
  int capacity_ = 0;
  LossContext context_;
  EmbeddingMemory memory_{0};
};

}  // namespace twinear
