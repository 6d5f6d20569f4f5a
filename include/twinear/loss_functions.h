// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "twinear/loss.h"
#include "twinear/matrix.h"
#include "twinear/miner.h"

namespace twinear {

// The formulas of the built-in losses as functions of a batch, for loops that choose their own
// pairs, triplets or parameters. Every function adds d(mean)/d(embeddings) to `gradient`. Nothing
// to compare is no loss: 0, and `gradient` is left as it was. Identical rows give a finite
// gradient. The bits are equal at any number of threads. Batches of the wrong shape throw
// std::invalid_argument.

/// The mean over `pairs` of 1/2 d^2 (same) or 1/2 max(0, margin - d)^2 (different), where d is
/// the Euclidean distance (Hadsell, Chopra, LeCun 2006, with the label named).
///
/// `gradient` has a row for each embedding that learns, at most batch.anchors() of them: these take
/// part in each pair, while the others (an EmbeddingMemory's) are constants.
LossValue contrastive_loss(const LossBatch& batch, std::span<const Pair> pairs, float margin,
                           Matrix& gradient);

/// What a triplet loss does with slack = d(a,p) - d(a,n): max(0, slack + margin), or
/// ln(1 + exp(slack)).
enum class TripletForm { hinge, soft };

/// What the mean of a batch-all loss is taken over: all triplets, or those with a loss.
enum class TripletMean { all, nonzero };

/// The form of a triplet loss.
struct TripletOptions {
  TripletForm form = TripletForm::hinge;
  float margin = 0.3F;  ///< of the hinge, in units of the distance
  Distance distance = Distance::euclidean;
};

/// The mean over `triplets` (Schroff et al. 2015; Hermans et al. 2017 for the soft margin and the
/// unsquared distance). `gradient` as in contrastive_loss: an anchor has a row in it.
LossValue triplet_loss(const LossBatch& batch, std::span<const Triplet> triplets,
                       const TripletOptions& options, Matrix& gradient);

/// The loss over every valid triplet, from the distances alone: no list of triplets is ever made,
/// memory is O(anchors x rows). The anchors are the rows of `gradient`.
/// TripletMean::nonzero divides by the active ones (BA != 0 of Hermans et al.).
LossValue batch_all_triplet_loss(const LossBatch& batch, const TripletOptions& options,
                                 TripletMean mean, Matrix& gradient);

/// The first values of w and b in w cos + b (Wan et al. 2018).
struct LogitOptions {
  float scale = 10.0F;   ///< w
  float offset = -5.0F;  ///< b
};

/// One row, (ln w, b): however it is stepped, w stays above 0.
LossParameters logit_parameters(const LogitOptions& options = {});

/// Angular prototypical (Chung et al. 2020): the first row of each label is a query, the mean of
/// its others a prototype; the cross-entropy of w cos(query, prototype) + b over the prototypes.
/// A label needs two rows. Rows need not be unit; a row of zeros has cosine 0 to all.
LossValue angular_prototypical_loss(const Matrix& embeddings, std::span<const int> labels,
                                    LossParameters& logit, Matrix& gradient);

/// GE2E in its softmax form (Wan et al. 2018): the cross-entropy of w cos(row, centroid) + b over
/// the labels' centroids, of which a row's own is made without it; the mean over rows, where the
/// paper has the sum. A label needs two rows. Rows need not be unit.
LossValue ge2e_loss(const Matrix& embeddings, std::span<const int> labels, LossParameters& logit,
                    Matrix& gradient);

/// How a batch becomes episodes.
struct PrototypicalOptions {
  int shots = 1;        ///< the first rows of each label, which support it
  float scale = 10.0F;  ///< factor of the squared distance; the paper has 1, little for unit rows
};

/// Prototypical episodes (Snell et al. 2017): the cross-entropy of -scale |query - prototype|^2
/// over the labels' prototypes, the means of their supports; queries are all other rows.
/// A label needs one row more than `shots`.
LossValue prototypical_loss(const Matrix& embeddings, std::span<const int> labels,
                            const PrototypicalOptions& options, Matrix& gradient);

/// The options of AAM-softmax.
struct AamOptions {
  float margin = 0.2F;  ///< radians
  float scale = 30.0F;
  int sub_centers = 1;  ///< centers of each class, of which the nearest counts (Deng et al. 2020)
};

/// `sub_centers` rows for each class, one class after another: directions drawn from the seed.
LossParameters class_parameters(std::size_t classes, int sub_centers, std::size_t width,
                                std::uint64_t seed);

/// Additive angular margin (Deng et al. 2019): the cross-entropy over classes of scale cos(row,
/// center), with cos(angle + margin) for the row's own class, or, where angle + margin exceeds a
/// half turn, cos(angle) - margin sin(margin). Labels are classes, from 0. Rows need not be unit.
LossValue aam_softmax_loss(const Matrix& embeddings, std::span<const int> labels,
                           const AamOptions& options, LossParameters& classes, Matrix& gradient);

/// Supervised contrastive, L_out (Khosla et al. 2020): the mean over rows, and over each one's
/// positives p, of -ln softmax(cos / temperature)[p] over all other rows. A row without positives
/// does not count. Rows need not be unit.
LossValue supervised_contrastive_loss(const Matrix& embeddings, std::span<const int> labels,
                                      float temperature, Matrix& gradient);

}  // namespace twinear
