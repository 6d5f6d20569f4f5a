// SPDX-License-Identifier: Apache-2.0
// The training loop that a recipe describes: epochs of steps, evaluations on dev, checkpoints.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/threads.h"
#include "base/within.h"
#include "linalg/onednn_info.h"
#include "nn/network.h"
#include "train/collapse.h"
#include "train/dev_set.h"
#include "train/feature_source.h"
#include "train/label_centroids.h"
#include "train/loss_state.h"
#include "train/progress.h"
#include "train/provenance.h"
#include "train/recipe.h"
#include "train/run_folder.h"
#include "train/timetable.h"
#include "train/training_data.h"
#include "train/warm_start.h"
#include "train/weight_average.h"
#include "twinear/batch_loader.h"
#include "twinear/error.h"
#include "twinear/learner.h"
#include "twinear/model.h"

namespace twinear {
namespace {

using Json = nlohmann::ordered_json;

std::shared_ptr<const Teacher> teacher_of(const Recipe& recipe) {
  if (recipe.teacher.model.empty()) return {};
  return std::make_shared<const Teacher>(recipe.teacher);
}

class Run {
 public:
  Run(const Recipe& recipe, TrainingData data, const TrainRun& run)
      : recipe_(recipe),
        run_(run),
        log_mel_(recipe.front_end),
        data_(std::move(data)),
        teacher_(teacher_of(recipe)),
        model_{
            .front_end = recipe.front_end,
            .encoder = Encoder(encoder_spec(recipe.encoder, recipe.front_end.mel_bins), run.seed),
            .calibration = {},
            .provenance = "{}",
            .id = {},
            .source = recipe.data.source},
        times_(recipe, data_.train.clips.size()),
        learner_(model_.encoder, make_loss(recipe.loss, context()), recipe.optimizer, precision()),
        collapse_(learner_.loss(), recipe.sampler, recipe.optimizer,
                  recipe.train.stop_on_collapse) {
    if (model_.encoder.parameter_count() == 0) times_.steps = 0;  // the untrained baseline
    if (!data_.dev.clips.empty()) make_dev_set();
    auto corpus = describe(data_, recipe.augment);
    if (teacher_) corpus["teacher"] = teacher_->id();
    folder_.emplace(run.out, model_, Provenance(recipe, run.seed, corpus), recipe.data.dev);
    if (!recipe.train.init.empty() && !run.resume)
      folder_->began_with(warm_start(model_, recipe.train));
    learner_.freeze(recipe.train.freeze);
    if (recipe.train.average > 0)
      average_.emplace(nn::network_of(model_.encoder), recipe.train.average);
    if (recipe.sampler.hard > 0)
      hard_labels_.emplace(data_.train.labels.size(), model_.encoder.dimension());
  }

  TrainResult train() {
    const auto start = Clock::now();
    std::filesystem::create_directories(run_.out);
    if (run_.resume) resume();
    log_.emplace(folder_->file("log.jsonl"), progress_.step);
    if (progress_.step == 0)
      log_->line({{"run",
                   {{"recipe", Json::parse(recipe_json(recipe_))},
                    {"seed", run_.seed},
                    {"clips", data_.train.clips.size()},
                    {"labels", data_.train.labels.size()},
                    {"parameters", model_.encoder.parameter_count()}}}});
    const bool stopped = !over() && run_steps() == End::stopped;
    if (times_.steps == 0 && dev_) evaluate(0);
    if (!stopped && !dev_)
      averaged([&] { folder_->save_model(recipe_.train.epochs, Json::object(), {}); });
    return {.steps = progress_.step,
            .best_epoch = progress_.best_epoch,
            .dev_eer = dev_ && data_.dev.labels.empty() ? std::numeric_limits<double>::quiet_NaN()
                                                        : progress_.best_figure,
            .dev_cosine = progress_.best_cosine,
            .seconds = seconds_since(start),
            .data_wait = totals_.data_wait(),
            .stopped = stopped,
            .patience_ended = progress_.step < times_.steps && !stopped};
  }

 private:
  enum class End { done, stopped };

  LossContext context() const {
    return {.classes = data_.train.labels.size(),
            .width = model_.encoder.dimension(),
            .seed = run_.seed,
            .teacher_width = teacher_ ? teacher_->width() : 0};
  }

  bool over() const { return progress_.step >= times_.steps || progress_.over(recipe_.train); }

  double rate(std::uint64_t step) const {
    return progress_.rate_factor * learning_rate(recipe_.optimizer, times_.at(step));
  }

  Precision precision() const {
    const Precision wanted = recipe_.train.precision;
    if (wanted == Precision::bf16 && !has_bf16() && run_.on_warning)
      run_.on_warning(
          "train.precision = \"bf16\": this CPU has no AVX512_BF16, so that training takes fp32");
    return wanted;
  }

  BatchOptions batch_options() const {
    return {.sampler = recipe_.sampler,
            .crop_seconds = recipe_.train.crop_seconds,
            .seed = run_.seed,
            .augment = recipe_.augment,
            .label_weights = data_.label_weights,
            .batches_per_epoch = times_.steps_per_epoch * times_.batches_per_step,
            .prefetch = recipe_.train.prefetch,
            .cache_mb = cache_mb(),
            .feature_cache = recipe_.train.feature_cache,
            .draw = data_.draw,
            .features = data_.features,
            .teacher = teacher_};
  }

  std::size_t cache_mb() const { return static_cast<std::size_t>(recipe_.train.cache_mb); }

  void make_dev_set() {
    auto features =
        cached_features(data_.dev.clips, log_mel_, cache_mb() << 20U, recipe_.train.feature_cache);
    within(recipe_.data.dev, [&] {
      dev_.emplace(data_.dev, std::move(features),
                   static_cast<std::size_t>(recipe_.eval.dev_trials), run_.seed, teacher_);
    });
  }

  End run_steps() {
    const std::uint64_t first = progress_.step, batches = times_.batches_per_step;
    BatchLoader loader(data_.train, recipe_.front_end, batch_options(), first * batches,
                       (hard_labels_ ? first : times_.steps) * batches);
    totals_ = {};
    for (std::uint64_t k = first; k < times_.steps; ++k) {
      if (k == first || k % times_.steps_per_epoch == 0) enter_epoch(k, loader);
      if (times_.thaw > 0 && (k == times_.thaw || (k == first && k > times_.thaw)))
        learner_.freeze(recipe_.train.freeze, false);
      for (std::uint64_t j = 0; j < batches; ++j) learn(k, loader);
      step(k);
      progress_.step = k + 1;
      if (after_step()) return End::stopped;
      if (over()) break;
    }
    return End::done;
  }

  /// With hard labels, the batches of an epoch depend on what the one before made of the labels.
  void enter_epoch(std::uint64_t k, BatchLoader& loader) {
    if (!hard_labels_) return;
    const std::uint64_t end = (k / times_.steps_per_epoch + 1) * times_.steps_per_epoch;
    loader.load_until(end * times_.batches_per_step,
                      hard_labels_->nearest(static_cast<std::size_t>(recipe_.sampler.labels)));
  }

  /// Adds the gradient of the next batch, which is one of step k.
  void learn(std::uint64_t k, BatchLoader& loader) {
    const auto asked = Clock::now();
    const FeatureBatch& batch = loader.next();
    totals_.add_wait(seconds_since(asked));
    isolated([&] {
      const Matrix& embeddings = learner_.embed(batch);
      Matrix gradient(embeddings.rows(), embeddings.cols());
      for (Margin* margin : learner_.loss().margins()) margin->set_epoch(times_.at(k).epoch());
      const LossBatch compared(embeddings, batch.labels, batch.number, LossBatch::all,
                               &batch.teacher);
      const LossValue loss = measure(learner_.loss(), compared, gradient);
      warn_of_no_gradient(k, loss, gradient);
      learner_.backward(gradient);
      if (hard_labels_) hard_labels_->add(embeddings, batch.labels);
      const BatchSpread spread = measure_spread(compared);
      totals_.add(loss, spread);
      last_loss_ = loss.mean;
      last_spread_ = spread.spread;
    });
  }

  /// A loss of one's own that forgets its gradient teaches nothing.
  void warn_of_no_gradient(std::uint64_t k, const LossValue& loss, const Matrix& gradient) {
    if (gradient_known_ || loss.mean == 0 || loss.active == 0) return;
    gradient_known_ = true;
    const auto values = gradient.values();
    if (run_.on_warning && std::ranges::all_of(values, [](float v) { return v == 0; }))
      run_.on_warning(fmt::format(
          "loss.kind = \"{}\": step {} has a loss of {:.4g}, but no gradient to learn from",
          recipe_.loss.kind, k + 1, loss.mean));
  }

  /// Takes step k with the gradient that its batches left.
  void step(std::uint64_t k) {
    const double norm = learner_.step(rate(k), recipe_.train.accumulate);
    totals_.add_step(norm);
    collapse_.see(k + 1, last_loss_, norm, last_spread_);
    if (average_) average_->add(k);
  }

  /// Reports, evaluates and saves where it is time to, and returns whether the run is to stop.
  bool after_step() {
    const std::uint64_t done = progress_.step;
    const bool epoch_ends = done % times_.steps_per_epoch == 0;
    if (epoch_ends && hard_labels_) hard_labels_->end_epoch();
    if (done % static_cast<std::uint64_t>(recipe_.train.log_every) == 0 || done == times_.steps)
      report();
    if (epoch_ends && dev_) {
      const int epoch = times_.epochs(done);
      if (epoch % recipe_.train.eval_every == 0 || done == times_.steps) evaluate(epoch);
    }
    const bool stop = run_.should_stop && run_.should_stop() && !over();
    if (stop || over() || done % static_cast<std::uint64_t>(recipe_.train.checkpoint_every) == 0)
      checkpoint();
    return stop;
  }

  void report() {
    const StepReport report =
        totals_.report(progress_.step, times_.steps, rate(progress_.step - 1), times_.batch_size);
    log_->line(to_json(report));
    if (run_.on_step) run_.on_step(report);
  }

  /// Does something with the running mean of the weights in the encoder's place, if there is one.
  template <class Use>
  void averaged(const Use& use) {
    if (average_) average_->swap();
    use();
    if (average_) average_->swap();
  }

  void evaluate(int epoch) {
    const auto paused = Clock::now();
    averaged([&] {
      const DevFigures dev = dev_->judge(model_.encoder, learner_.loss());
      EpochReport report{
          .step = progress_.step, .epoch = epoch, .dev_cosine = dev.cosine, .dev_table = dev.table};
      if (dev.scores) {
        report.dev_eer = eer(*dev.scores).rocch;
        report.dev_min_dcf = min_dcf(*dev.scores, {});
      }
      report.best = progress_.evaluated(report, recipe_.optimizer);
      if (report.best) folder_->save_model(epoch, metrics_of(report), dev.scores);
      log_->line(to_json(report));
      if (run_.on_epoch) run_.on_epoch(report);
    });
    totals_.skip(Clock::now() - paused);  // rates are those of training alone
  }

  void checkpoint() {
    LoopState loop{.tensors = {}, .progress = progress_.json()};
    if (average_) average_->save(loop.tensors);
    if (hard_labels_) hard_labels_->save(loop.tensors);
    folder_->save_checkpoint(learner_, times_.epochs(progress_.step), loop);
  }

  /// Puts everything back to where the run was interrupted, which must be this run.
  void resume() {
    const LoopState loop = folder_->resume(learner_);
    const std::string file = folder_->file("last.safetensors");
    progress_ = Progress::from_json(loop.progress, file + ": progress");
    within(file, [&] {
      if (average_) average_->restore(loop.tensors);
      if (hard_labels_) hard_labels_->restore(loop.tensors);
    });
  }

  const Recipe& recipe_;
  const TrainRun& run_;
  LogMel log_mel_;
  TrainingData data_;
  std::shared_ptr<const Teacher> teacher_;
  Model model_;
  Timetable times_;
  Learner learner_;
  CollapseDetector collapse_;
  std::optional<DevSet> dev_;
  std::optional<RunFolder> folder_;
  std::optional<WeightAverage> average_;
  std::optional<HardLabels> hard_labels_;
  std::optional<RunLog> log_;
  StepTotals totals_;
  double last_loss_ = 0, last_spread_ = 0;
  bool gradient_known_ = false;  // whether the loss was seen to have one
  Progress progress_;
};

TrainResult trained(const Recipe& recipe, TrainingData data, const TrainRun& run) {
  if (run.out.empty()) throw std::invalid_argument("train: TrainRun::out names no folder");
  const auto loss = make_loss(recipe.loss);
  const std::string& kind = recipe.loss.kind;
  check_batches(kind, *loss, recipe.sampler);
  check_teacher(kind, *loss, recipe.teacher);
  check_labels(kind, *loss, recipe.sampler, data.train);
  return Run(recipe, std::move(data), run).train();
}

}  // namespace

TrainResult train(const Recipe& recipe, TrainingData data, const TrainRun& run) {
  for (const Manifest* manifest : {&data.train, &data.dev})
    if (manifest->label_of.size() != manifest->clips.size())
      throw std::invalid_argument("train: a manifest was not built by make_manifest()");
  return trained(recipe, prepare(recipe, std::move(data)), run);
}

TrainResult train(const Recipe& recipe, const TrainRun& run) {
  return trained(recipe, read_training_data(recipe), run);
}

}  // namespace twinear
