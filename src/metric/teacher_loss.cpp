// SPDX-License-Identifier: Apache-2.0
#include "metric/teacher_loss.h"

#include <stdexcept>

namespace twinear {

void TeacherLoss::begin(const LossContext& context) {
  if (context.teacher_width == 0)
    throw std::invalid_argument(
        name_ +
        ": LossContext::teacher_width is 0; expected the width of the teacher's embeddings");
}

const Matrix& TeacherLoss::teacher_of(const LossBatch& batch, const Matrix& gradient) const {
  const Matrix& embeddings = batch.embeddings();
  if (batch.teacher() == nullptr)
    throw std::invalid_argument(name_ +
                                ": the batch has no embeddings of a teacher (LossBatch::teacher)");
  if (gradient.rows() != embeddings.rows() || gradient.cols() != embeddings.cols())
    throw std::invalid_argument(name_ + ": a gradient of the embeddings' shape");
  return *batch.teacher();
}

}  // namespace twinear
