// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "twinear/matrix.h"
#include "twinear/miner.h"

namespace twinear {

/// A batch's loss: the mean over its tuples, how many there were, and how many pushed.
struct LossValue {
  double mean = 0;
  std::size_t tuples = 0;  ///< pairs or triplets looked at
  std::size_t active = 0;  ///< those with a gradient
};

/// The mean over `pairs` of 1/2 d^2 (same) or 1/2 max(0, margin - d)^2 (different), where d is
/// the Euclidean distance (Hadsell, Chopra, LeCun 2006, with the label named).
///
/// Adds d(mean)/d(embeddings) to `gradient`, which has the shape of `embeddings`. No pairs is no
/// loss: 0, and `gradient` is left as it was. Two identical rows give a finite gradient.
LossValue contrastive_loss(const Matrix& embeddings, std::span<const Pair> pairs, float margin,
                           Matrix& gradient);

/// What is done with slack = d(a,p) - d(a,n): max(0, slack + margin), or ln(1 + exp(slack)).
enum class TripletForm { hinge, soft };

/// What a batch-all mean is taken over.
enum class TripletMean { all, nonzero };

struct TripletOptions {
  TripletForm form = TripletForm::hinge;
  float margin = 0.3F;  ///< for the hinge, in units of the distance
  Distance distance = Distance::euclidean;
};

/// The mean over `triplets` (Schroff et al. 2015; Hermans et al. 2017 for the soft margin and the
/// unsquared distance). Gradient, empty and tied cases as in contrastive_loss.
LossValue triplet_loss(const Matrix& embeddings, std::span<const Triplet> triplets,
                       const TripletOptions& options, Matrix& gradient);

/// The loss over every valid triplet of the batch, from the distance matrix alone: no list of
/// triplets is ever made, memory is O(batch^2). Equal at any number of threads.
/// TripletMean::nonzero divides by the active ones (BA != 0 of Hermans et al.).
LossValue batch_all_triplet_loss(const Matrix& embeddings, std::span<const int> labels,
                                 const TripletOptions& options, TripletMean mean, Matrix& gradient);

}  // namespace twinear
