// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/random.h"
#include "base/threads.h"
#include "linalg/product.h"
#include "metric/cross_entropy.h"
#include "metric/directions.h"
#include "metric/groups.h"
#include "twinear/loss_functions.h"

namespace twinear {
namespace {

/// A cosine after the margin, and its slope.
struct Widened {
  double cosine, slope;
};

/// cos(angle + margin) where that still falls with the angle; beyond, a line that goes on falling.
Widened widened(double cosine, double margin) {
  if (cosine <= -std::cos(margin)) return {cosine - margin * std::sin(margin), 1};
  const double sine = std::sqrt(std::max(1 - cosine * cosine, 1e-12));
  return {cosine * std::cos(margin) - sine * std::sin(margin),
          std::cos(margin) + cosine / sine * std::sin(margin)};
}

void check_classes(std::span<const int> labels, const AamOptions& options,
                   const LossParameters& classes, std::size_t width) {
  const auto rows = static_cast<int>(classes.value.rows());
  if (options.sub_centers < 1 || rows % options.sub_centers != 0)
    throw std::invalid_argument("aam_softmax_loss: expected sub_centers rows for each class");
  if (classes.value.cols() != width || classes.gradient.rows() != classes.value.rows() ||
      classes.gradient.cols() != width)
    throw std::invalid_argument(
        "aam_softmax_loss: the rows of classes must be as wide as the embeddings");
  for (const int label : labels)
    if (label < 0 || label >= rows / options.sub_centers)
      throw std::invalid_argument("aam_softmax_loss: each label must be a class");
}

}  // namespace

LossParameters class_parameters(std::size_t classes, int sub_centers, std::size_t width,
                                std::uint64_t seed) {
  const std::size_t rows = classes * static_cast<std::size_t>(sub_centers);
  LossParameters parameters{Matrix(rows, width), Matrix(rows, width)};
  Random random(seed, Purpose::class_center);
  const double about_unit = 1 / std::sqrt(static_cast<double>(width));
  for (float& v : parameters.value.values()) v = static_cast<float>(about_unit * random.normal());
  return parameters;
}

LossValue aam_softmax_loss(const Matrix& embeddings, std::span<const int> labels,
                           const AamOptions& options, LossParameters& classes, Matrix& gradient) {
  check_batch("aam_softmax_loss", embeddings, labels, gradient);
  check_classes(labels, options, classes, embeddings.cols());
  const auto sub_centers = static_cast<std::size_t>(options.sub_centers);
  const std::vector<std::size_t> own(labels.begin(), labels.end());
  const double margin = options.margin, scale = options.scale;
  const Directions row(Table{embeddings}), center(Table{classes.value});
  Table cosines = product(row.unit(), center.unit(), Transpose::second);
  Table logits(embeddings.rows(), center.unit().rows() / sub_centers);

  const auto each_class = [&](const auto& visit) {  // visit(i, class, cosines to its centers)
    parallel_for(logits.rows(), [&](std::size_t i) {
      for (std::size_t c = 0; c < logits.cols(); ++c)
        visit(i, c, cosines.row(i).subspan(c * sub_centers, sub_centers));
    });
  };
  each_class([&](std::size_t i, std::size_t c, std::span<double> of_class) {
    const double nearest = std::ranges::max(of_class);
    logits(i, c) = scale * (c == own[i] ? widened(nearest, margin).cosine : nearest);
  });
  const LossValue loss = cross_entropy(logits, own);

  each_class([&](std::size_t i, std::size_t c, std::span<double> of_class) {
    const auto nearest = std::ranges::max_element(of_class);
    const double slope = c == own[i] ? widened(*nearest, margin).slope : 1;
    std::ranges::fill(of_class, 0.0);
    *nearest = scale * slope * logits(i, c);
  });
  add(row.slope(product(cosines, center.unit())), gradient);
  add(center.slope(product(cosines, row.unit(), Transpose::first)), classes.gradient);
  return loss;
}

namespace {

class AamSoftmaxLoss final : public Loss {
 public:
  void keys(Fields& f) override {
    fields(f, margin_);
    f.number({"margin", "rad", "angle that is added between a clip and its class"}, margin_.full,
             0.0, 1.5);
    f.number({"scale", "", "factor of the cosines"}, options_.scale, 0.01, 1000.0);
    f.whole({"sub_centers", "", "centers of each class, of which the nearest counts"},
            options_.sub_centers, 1, 64);
  }
  BatchNeed needs() const override { return {1, "any clip can be classified"}; }
  void begin(const LossContext& context) override {
    if (context.classes == 0 || context.width == 0)
      throw std::invalid_argument(
          "aam-softmax: LossContext has no classes or no width; expected the number of labels and "
          "the width of an embedding");
    classes_ = class_parameters(context.classes, options_.sub_centers, context.width, context.seed);
  }
  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    if (classes_.value.rows() == 0)
      throw std::invalid_argument("aam-softmax: begin() must be called before the first batch");
    options_.margin = margin_.now;
    return aam_softmax_loss(batch.embeddings(), batch.labels(), options_, classes_, gradient);
  }
  std::vector<Margin*> margins() override { return {&margin_}; }
  std::vector<LossParameters*> parameters() override { return {&classes_}; }

 private:
  AamOptions options_;
  Margin margin_{.full = AamOptions().margin};
  LossParameters classes_;
};

}  // namespace

LossKind aam_softmax_loss_kind() {
  return loss_kind<AamSoftmaxLoss>(
      "aam-softmax",
      "classification of the training labels by cosine, with an angular margin (Deng "
      "et al. 2019; sub-centers: 2020)");
}

}  // namespace twinear
