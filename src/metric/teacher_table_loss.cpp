// SPDX-License-Identifier: Apache-2.0
#include "linalg/product.h"
#include "metric/directions.h"
#include "metric/groups.h"
#include "metric/teacher_loss.h"

namespace twinear {
namespace {

/// The mean over pairs of rows of (cos(s_i, s_j) - cos(t_i, t_j))^2, where s are embeddings and t
/// those of the teacher (Tung and Mori 2019, with cosines).
class TeacherTableLoss final : public TeacherLoss {
 public:
  TeacherTableLoss() : TeacherLoss("teacher-table") {}

  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    const Matrix& teacher = teacher_of(batch, gradient);
    const std::size_t n = teacher.rows();
    if (n < 2) return {};
    const Directions student{Table(batch.embeddings())}, wanted{Table(teacher)};
    Table slope = product(student.unit(), student.unit(), Transpose::second);
    const Table cosines = product(wanted.unit(), wanted.unit(), Transpose::second);
    const double share = 1 / (static_cast<double>(n) * static_cast<double>(n - 1));
    LossValue loss{.mean = 0, .tuples = n * (n - 1) / 2, .active = 0};
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        const double apart = i == j ? 0 : slope(i, j) - cosines(i, j);
        loss.mean += share * apart * apart;
        if (i < j && apart != 0) ++loss.active;
        slope(i, j) = 4 * share * apart;  // as (i, j) and as (j, i)
      }
    add(student.slope(product(slope, student.unit())), gradient);
    return loss;
  }
};

}  // namespace

LossKind teacher_table_loss_kind() {
  return loss_kind<TeacherTableLoss>(
      "teacher-table",
      "the mean squared difference of the cosines between a batch's embeddings and those between "
      "the teacher's (after Tung and Mori 2019)");
}

}  // namespace twinear
