// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "twinear/loss.h"

namespace twinear {

/// What the losses that compare with a teacher share: they need a teacher, and no label.
class TeacherLoss : public Loss {
 public:
  explicit TeacherLoss(std::string name) : name_(std::move(name)) {}

  BatchNeed needs() const final {
    return {1, "any clip can be compared with its teacher's embedding", LabelUse::none, true};
  }
  /// Throws std::invalid_argument where the context has no teacher.
  void begin(const LossContext& context) override;

 protected:
  /// The teacher's embeddings of a batch. Throws std::invalid_argument where the batch has none,
  /// and for a gradient of another shape than that of the embeddings.
  const Matrix& teacher_of(const LossBatch& batch, const Matrix& gradient) const;

  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
};

}  // namespace twinear
