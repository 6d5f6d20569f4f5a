// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "base/random.h"
#include "linalg/product.h"
#include "metric/directions.h"
#include "metric/groups.h"
#include "metric/teacher_loss.h"

namespace twinear {

namespace {

Table matrix_product(const Matrix& embeddings, const Matrix& map) {
  return product(Table(embeddings), Table(map), Transpose::second);
}

/// The mean over rows of 1 - cos(W s, t), where s is an embedding, t that of the teacher, and W a
/// learned matrix, or nothing where both are of one width.
class TeacherCosineLoss final : public TeacherLoss {
 public:
  TeacherCosineLoss() : TeacherLoss("teacher-cosine") {}

  void begin(const LossContext& context) override {
    TeacherLoss::begin(context);
    map_ = {};
    if (context.teacher_width == context.width) return;
    map_ = {Matrix(context.teacher_width, context.width),
            Matrix(context.teacher_width, context.width)};
    Random random(context.seed, Purpose::teacher_map);
    const double scale = 1 / std::sqrt(static_cast<double>(context.width));
    for (float& v : map_.value.values()) v = static_cast<float>(scale * random.normal());
  }

  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    const Matrix& teacher = teacher_of(batch, gradient);
    const Matrix& embeddings = batch.embeddings();
    const std::size_t n = embeddings.rows(),
                      width = mapped() ? map_.value.rows() : embeddings.cols();
    if (teacher.cols() != width || (mapped() && map_.value.cols() != embeddings.cols()))
      throw std::invalid_argument(fmt::format(
          "{}: a batch of embeddings of {} and a teacher's of {} values; begin() was told others",
          name(), embeddings.cols(), teacher.cols()));
    const Directions student(mapped() ? matrix_product(embeddings, map_.value) : Table(embeddings));
    const Directions wanted{Table(teacher)};
    LossValue loss{.mean = 0, .tuples = n, .active = n};
    const double share = 1 / static_cast<double>(n);
    Table along(n, width);
    for (std::size_t i = 0; i < n; ++i) {
      loss.mean += share * (1 - dot(student.unit().row(i), wanted.unit().row(i)));
      for (std::size_t k = 0; k < width; ++k) along(i, k) = -share * wanted.unit()(i, k);
    }
    along = student.slope(std::move(along));
    if (!mapped()) {
      add(along, gradient);
      return loss;
    }
    add(product(along, Table(map_.value)), gradient);
    add(product(along, Table(embeddings), Transpose::first), map_.gradient);
    return loss;
  }

  std::vector<LossParameters*> parameters() override {
    return mapped() ? std::vector{&map_} : std::vector<LossParameters*>();
  }

  std::optional<Matrix> toward_teacher(const Matrix& embeddings) const override {
    if (!mapped()) return embeddings;
    Matrix result(embeddings.rows(), map_.value.rows());
    add(matrix_product(embeddings, map_.value), result);
    return result;
  }

 private:
  bool mapped() const { return map_.value.rows() > 0; }

  LossParameters map_;  // teacher's width x width; empty where both are of one width
};

}  // namespace

LossKind teacher_cosine_loss_kind() {
  return loss_kind<TeacherCosineLoss>(
      "teacher-cosine",
      "1 - the cosine of each embedding to the teacher's, through a learned matrix where they are "
      "not as wide");
}

}  // namespace twinear
