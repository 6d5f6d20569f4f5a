// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/settings.h"
#include "metric/loss_keys.h"
#include "twinear/loss.h"

// The built-in losses in the order in which help and messages list them: for each one the function
// of its source that gives its kind.
#define TWINEAR_LOSS_KINDS(KIND)         \
  KIND(triplet_loss_kind)                \
  KIND(contrastive_loss_kind)            \
  KIND(angular_prototypical_loss_kind)   \
  KIND(prototypical_loss_kind)           \
  KIND(ge2e_loss_kind)                   \
  KIND(aam_softmax_loss_kind)            \
  KIND(multi_similarity_loss_kind)       \
  KIND(supervised_contrastive_loss_kind) \
  KIND(teacher_cosine_loss_kind)         \
  KIND(teacher_table_loss_kind)          \
  KIND(sum_loss_kind)

namespace twinear {

#define TWINEAR_DECLARE(kind) LossKind kind();
TWINEAR_LOSS_KINDS(TWINEAR_DECLARE)
#define TWINEAR_CALL(kind) kind(),

Registry<LossKind>& losses() {
  static Registry<LossKind> all("loss", {TWINEAR_LOSS_KINDS(TWINEAR_CALL)});
  return all;
}

void Margin::set_epoch(double epoch) {
  now = full;
  if (until == 0) return;
  const double x = (epoch - from) / (until - from);
  now = std::lerp(start, full, static_cast<float>(std::clamp(x, 0.0, 1.0)));
}

void fields(Fields& f, Margin& margin) {
  f.number({"margin_start", "as margin", "the margin until epoch margin_from"}, margin.start, 0.0,
           4.0);
  f.whole({"margin_from", "epochs", "when the margin begins to grow in a line"}, margin.from, 0,
          1'000'000);
  f.whole({"margin_until", "epochs", "when it has become `margin`; 0: it is `margin` throughout"},
          margin.until, 0, 1'000'000);
}

std::unique_ptr<Loss> make_loss(const LossOptions& options) {
  auto loss = losses().find(options.kind).make();
  const std::string place = fmt::format("the {} loss", options.kind);
  LossKeys keys{*loss};
  MiningKeys mining{*loss};
  Settings::from_values(options.keys, place).read("", keys);
  Settings::from_values(options.mining, place + "'s mining").read("", mining);
  for (Margin* margin : loss->margins()) margin->set_epoch(0);
  return loss;
}

std::unique_ptr<Loss> make_loss(const LossOptions& options, const LossContext& context) {
  auto loss = make_loss(options);
  loss->begin(context);
  return loss;
}

}  // namespace twinear
