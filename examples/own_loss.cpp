// SPDX-License-Identifier: Apache-2.0
// own_loss RECIPE OUT: registers a loss, which the recipe then names (own_loss.toml), and trains.
// The loss is the cosine embedding loss with a margin: the mean over all pairs of 1 - cos(a, b) for
// the same label, and of max(0, cos(a, b) - margin) for different ones. Embeddings are unit
// vectors.
#include <twinear/error.h>
#include <twinear/trainer.h>

#include <algorithm>
#include <cstdio>

namespace {

class CosinePairLoss final : public twinear::Loss {
 public:
  void keys(twinear::Fields& f) override {
    f.number({"margin", "cosine", "cosine that different clips may have"}, margin_, 0.0, 1.0);
  }

  twinear::LossValue operator()(const twinear::LossBatch& batch,
                                twinear::Matrix& gradient) override {
    const twinear::Matrix& e = batch.embeddings();
    const std::size_t n = e.rows();
    twinear::LossValue loss{.tuples = n * (n - 1) / 2};
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        double cosine = 0;
        for (std::size_t k = 0; k < e.cols(); ++k)
          cosine += static_cast<double>(e.row(i)[k]) * e.row(j)[k];
        const bool same = batch.labels()[i] == batch.labels()[j];
        const double value = same ? 1 - cosine : std::max(0.0, cosine - margin_);
        if (value <= 0) continue;
        ++loss.active;
        loss.mean += value / static_cast<double>(loss.tuples);
        const auto slope =
            static_cast<float>((same ? -1.0 : 1.0) / static_cast<double>(loss.tuples));
        for (std::size_t k = 0; k < e.cols(); ++k) {
          gradient.row(i)[k] += slope * e.row(j)[k];
          gradient.row(j)[k] += slope * e.row(i)[k];
        }
      }
    return loss;
  }

 private:
  double margin_ = 0.3;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  twinear::losses().add(twinear::loss_kind<CosinePairLoss>("cosine-pair", "cosine embedding loss"));
  const auto recipe = twinear::read_recipe(argv[1]);
  const auto result = twinear::train(recipe, {.out = argv[2], .seed = 1});
  std::printf("EER on dev: %.1f %%\n", 100 * result.dev_eer);
} catch (const twinear::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
