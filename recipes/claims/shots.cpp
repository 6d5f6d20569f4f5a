// SPDX-License-Identifier: Apache-2.0
// Measures the few-shot accuracy of one way to recognize new labels: by the nearest centroid of
// embeddings, by a logistic regression on embeddings, or by an encoder of the model's kind that is
// trained on the shots alone. Writes one line with the accuracy of each episode. The episodes are
// the same for every way.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "claims.h"
#include "twinear/error.h"
#include "twinear/few_shot.h"
#include "twinear/learner.h"
#include "twinear/metrics.h"
#include "twinear/threads.h"
#include "twinear/verifier.h"

namespace twinear::claims {
namespace {

struct Arguments {
  std::string model, by = "centroid", manifest, base, out;
  EpisodeOptions episodes{.seed = 0};
  std::uint64_t seed = 0;
  int steps = 30, threads = 0;
  double crop_seconds = 2.0;
};

/// Multinomial logistic regression with an L2 penalty. Rows are unit vectors, and each class has as
/// many of them, so no offset is needed and steps of 1 do not overshoot.
class Regression {
 public:
  Regression(std::span<const std::span<const float>> rows, std::size_t per_class)
      : weights_(rows.size() / per_class, rows[0].size()) {
    constexpr int steps = 300;
    constexpr float penalty = 0.01F;
    const std::size_t classes = weights_.rows();
    for (int step = 0; step < steps; ++step) {
      Matrix slope(classes, weights_.cols());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        auto p = logits(rows[i]);
        const double most = std::ranges::max(p);
        double total = 0;
        for (double& v : p) total += v = std::exp(v - most);
        for (std::size_t c = 0; c < classes; ++c) {
          const double error = p[c] / total - (c == i / per_class ? 1 : 0);
          const auto scale = static_cast<float>(error / static_cast<double>(rows.size()));
          for (std::size_t k = 0; k < slope.cols(); ++k) slope.row(c)[k] += scale * rows[i][k];
        }
      }
      for (std::size_t j = 0; j < slope.values().size(); ++j) {
        float& w = weights_.values()[j];
        w -= slope.values()[j] + penalty * w;
      }
    }
  }

  std::size_t operator()(std::span<const float> row) const {
    const auto l = logits(row);
    return static_cast<std::size_t>(std::ranges::max_element(l) - l.begin());
  }

 private:
  std::vector<double> logits(std::span<const float> row) const {
    std::vector<double> result(weights_.rows());
    for (std::size_t c = 0; c < result.size(); ++c)
      for (std::size_t k = 0; k < row.size(); ++k) result[c] += weights_.row(c)[k] * row[k];
    return result;
  }

  Matrix weights_;
};

/// The fraction of an episode's queries that `recognize` assigns to their class.
template <class Recognize>
double accuracy(const Episode& episode, const Recognize& recognize) {
  const std::size_t per_class = episode.query.size() / episode.classes.size();
  double right = 0;
  for (std::size_t q = 0; q < episode.query.size(); ++q)
    if (recognize(q) == q / per_class) ++right;
  return right / static_cast<double>(episode.query.size());
}

std::vector<double> by_regression(const Matrix& embeddings, std::span<const Episode> episodes) {
  std::vector<double> accuracies(episodes.size());
  tbb::parallel_for(std::size_t{0}, episodes.size(), [&](std::size_t e) {
    const Episode& episode = episodes[e];
    std::vector<std::span<const float>> rows;
    for (const std::size_t clip : episode.support) rows.push_back(embeddings.row(clip));
    const Regression regression(rows, episode.support.size() / episode.classes.size());
    accuracies[e] = accuracy(
        episode, [&](std::size_t q) { return regression(embeddings.row(episode.query[q])); });
  });
  return accuracies;
}

/// Trains an encoder on nothing but the shots of one episode, under a softmax over cosines with its
/// classes (AAM of margin 0), and returns its accuracy on the queries.
double from_scratch(const std::vector<Matrix>& features, const Episode& episode,
                    const EncoderSpec& spec, const Arguments& args, std::uint64_t seed,
                    std::size_t frames) {
  constexpr std::size_t min_crops = 10;  // in a batch, whose statistics need some
  const std::size_t ways = episode.classes.size(), shots = episode.support.size() / ways;
  std::vector<const Matrix*> clips;
  std::vector<int> labels;
  while (clips.size() < min_crops)
    for (std::size_t i = 0; i < episode.support.size(); ++i) {
      clips.push_back(&features[episode.support[i]]);
      labels.push_back(static_cast<int>(i / shots));
    }

  Encoder encoder(spec, seed);
  const OptimizerOptions optimizer{.warmup_steps = args.steps / 8};
  Learner learner(encoder,
                  make_loss({.kind = "aam-softmax", .keys = {{"margin", 0.0}, {"scale", 10.0}}},
                            {.classes = ways, .width = encoder.dimension(), .seed = seed}),
                  optimizer);
  const auto steps = static_cast<std::uint64_t>(args.steps);
  for (std::uint64_t k = 0; k < steps; ++k) {
    FeatureBatch batch = FeatureBatch::crops(clips, frames, seed, k);
    batch.labels = labels;
    learner.learn(batch);
    learner.step(learning_rate(optimizer, {.step = k, .steps = steps}));
  }
  const Matrix& classes = learner.loss().parameters().at(0)->value;

  std::vector<Matrix> queries;
  for (const std::size_t clip : episode.query) queries.push_back(features[clip]);
  const Matrix asked = encoder.embed(queries);
  return accuracy(episode, [&](std::size_t q) {
    std::size_t best = 0;
    for (std::size_t c = 1; c < ways; ++c)
      if (cosine(asked.row(q), classes.row(c)) > cosine(asked.row(q), classes.row(best))) best = c;
    return best;
  });
}

std::vector<double> by_scratch(const Model& model, const Manifest& manifest,
                               std::span<const Episode> episodes, const Arguments& args) {
  const LogMel log_mel(model.front_end);
  const auto features = features_of(manifest.clips, log_mel);
  const std::size_t frames = log_mel.frames(static_cast<std::size_t>(
      args.crop_seconds * static_cast<double>(model.front_end.sample_rate)));
  std::vector<double> accuracies;
  for (const Episode& episode : episodes)
    accuracies.push_back(from_scratch(features, episode, model.encoder.spec(), args,
                                      args.seed * episodes.size() + accuracies.size(), frames));
  return accuracies;
}

void run(const Arguments& args) {
  const ThreadLimit limit(args.threads);
  const Manifest manifest = read_manifest(args.manifest);
  const auto episodes = draw_episodes(manifest, args.episodes);
  const Verifier verifier = Verifier::load(args.model);
  std::vector<double> accuracies;
  if (args.by == "scratch") {
    accuracies = by_scratch(verifier.model(), manifest, episodes, args);
  } else {
    const EmbedOptions every{.gate = {.voice = false}};
    Matrix embeddings = verifier.embed(manifest.clips, every);
    if (!args.base.empty())
      fit_standardization(verifier.embed(read_manifest(args.base).clips, every)).apply(embeddings);
    accuracies = args.by == "regression"
                     ? by_regression(embeddings, episodes)
                     : few_shot_accuracies(embeddings, episodes, Classifier::centroid);
  }
  write_text(args.out, fmt::format("{}\n", fmt::join(accuracies, "\n")));
}

}  // namespace
}  // namespace twinear::claims

int main(int argc, char** argv) {
  twinear::claims::Arguments args;
  CLI::App app("Measures the few-shot accuracy of one way to recognize new labels");
  app.add_option("model", args.model)->required();
  app.add_option("--by", args.by)->check(CLI::IsMember({"centroid", "regression", "scratch"}));
  app.add_option("--manifest", args.manifest)->required();
  app.add_option("--base", args.base,
                 "Manifest over whose clips embeddings are standardized first");
  app.add_option("--way", args.episodes.way);
  app.add_option("--shot", args.episodes.shot);
  app.add_option("--query", args.episodes.query);
  app.add_option("--episodes", args.episodes.episodes);
  app.add_option("--seed", args.seed, "Seed of the weights, on which the episodes do not depend");
  app.add_option("--steps", args.steps,
                 "Number of steps for which an encoder is trained on the shots");
  app.add_option("--crop-seconds", args.crop_seconds, "Seconds of each shot that a step uses");
  app.add_option("--threads", args.threads);
  app.add_option("-o,--out", args.out)->required();
  CLI11_PARSE(app, argc, argv);
  try {
    twinear::claims::run(args);
  } catch (const twinear::Error& e) {
    fmt::print(stderr, "shots: {}\n", e.what());
    return 2;
  }
}
