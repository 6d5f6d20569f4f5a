// SPDX-License-Identifier: Apache-2.0
// The training loop that a recipe describes: epochs of steps, evaluations on dev, checkpoints.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/state.h"
#include "base/threads.h"
#include "base/within.h"
#include "linalg/onednn_info.h"
#include "nn/network.h"
#include "train/checkpoint.h"
#include "train/collapse.h"
#include "train/feature_source.h"
#include "train/label_centroids.h"
#include "train/loss_state.h"
#include "train/progress.h"
#include "train/provenance.h"
#include "train/recipe.h"
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
constexpr const char *centroids_key = "labels.now", *epoch_centroids_key = "labels.epoch";

/// How batches make steps, and steps epochs.
struct Timetable {
  Timetable(const Recipe& recipe, std::size_t clips)
      : batch_size(static_cast<std::size_t>(recipe.sampler.labels) *
                   static_cast<std::size_t>(recipe.sampler.clips)),
        batches_per_step(static_cast<std::uint64_t>(recipe.train.accumulate)),
        steps_per_epoch(std::max<std::uint64_t>(1, clips / (batch_size * batches_per_step))),
        steps(steps_per_epoch * static_cast<std::uint64_t>(recipe.train.epochs)),
        thaw(steps_per_epoch * static_cast<std::uint64_t>(recipe.train.freeze_epochs)) {}

  std::size_t batch_size;
  std::uint64_t batches_per_step, steps_per_epoch, steps;
  std::uint64_t thaw;  ///< the step with which frozen layers begin to move; 0: none
};

class Run {
 public:
  Run(const Recipe& recipe, TrainingData data, const TrainRun& run)
      : recipe_(recipe),
        run_(run),
        log_mel_(recipe.front_end),
        data_(std::move(data)),
        model_{
            .front_end = recipe.front_end,
            .encoder = Encoder(encoder_spec(recipe.encoder, recipe.front_end.mel_bins), run.seed),
            .calibration = {},
            .provenance = "{}",
            .id = {},
            .source = recipe.data.source},
        times_(recipe, data_.train.clips.size()),
        learner_(model_.encoder,
                 make_loss(recipe.loss, {.classes = data_.train.labels.size(),
                                         .width = model_.encoder.dimension(),
                                         .seed = run.seed}),
                 recipe.optimizer, precision()),
        collapse_(learner_.loss(), recipe.sampler, recipe.optimizer,
                  recipe.train.stop_on_collapse) {
    check_batches(recipe.loss.kind, learner_.loss(), recipe.sampler);
    if (model_.encoder.parameter_count() == 0) times_.steps = 0;  // the untrained baseline
    if (!data_.dev.clips.empty()) make_dev_set();
    provenance_.emplace(recipe, run.seed, describe(data_, recipe.augment));
    if (!recipe.train.init.empty() && !run.resume)
      init_ = warm_start(model_, recipe.train.init, recipe.train.reinit);
    learner_.freeze(recipe.train.freeze);
    if (recipe.train.average > 0)
      average_.emplace(nn::network_of(model_.encoder), recipe.train.average);
    if (recipe.sampler.hard > 0)
      centroids_.emplace(data_.train.labels.size(), model_.encoder.dimension());
  }

  TrainResult train() {
    const auto start = Clock::now();
    std::filesystem::create_directories(run_.out);
    if (run_.resume) resume(path("last.safetensors"));
    log_.emplace(path("log.jsonl"), progress_.step);
    if (progress_.step == 0)
      log_->line({{"run",
                   {{"recipe", Json::parse(recipe_json(recipe_))},
                    {"seed", run_.seed},
                    {"clips", data_.train.clips.size()},
                    {"labels", data_.train.labels.size()},
                    {"parameters", model_.encoder.parameter_count()}}}});
    const bool stopped = !over() && run_steps() == End::stopped;
    if (times_.steps == 0 && dev_) evaluate(0);
    if (!stopped && !dev_) averaged([&] { save_best(); });
    return {.steps = progress_.step,
            .best_epoch = progress_.best_epoch,
            .dev_eer = progress_.best_eer,
            .seconds = seconds_since(start),
            .data_wait = totals_.data_wait(),
            .stopped = stopped,
            .patience_ended = progress_.step < times_.steps && !stopped};
  }

 private:
  enum class End { done, stopped };

  std::string path(const char* name) const {
    return (std::filesystem::path(run_.out) / name).string();
  }

  bool over() const { return progress_.step >= times_.steps || progress_.over(recipe_.train); }

  ScheduleStep at(std::uint64_t step) const {
    return {.step = step, .steps = times_.steps, .steps_per_epoch = times_.steps_per_epoch};
  }

  double rate(std::uint64_t step) const {
    return progress_.rate_factor * learning_rate(recipe_.optimizer, at(step));
  }

  Precision precision() const {
    const Precision wanted = recipe_.train.precision;
    if (wanted == Precision::bf16 && !has_bf16() && run_.on_warning)
      run_.on_warning("train.precision = \"bf16\": this CPU has no AVX512_BF16; fp32 instead");
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
            .features = data_.features};
  }

  std::size_t cache_mb() const { return static_cast<std::size_t>(recipe_.train.cache_mb); }

  void make_dev_set() {
    auto features =
        cached_features(data_.dev.clips, log_mel_, cache_mb() << 20U, recipe_.train.feature_cache);
    within(recipe_.data.dev, [&] {
      dev_.emplace(data_.dev, std::move(features),
                   static_cast<std::size_t>(recipe_.eval.dev_trials), run_.seed);
    });
  }

  End run_steps() {
    const std::uint64_t first = progress_.step, batches = times_.batches_per_step;
    BatchLoader loader(data_.train, recipe_.front_end, batch_options(), first * batches,
                       (centroids_ ? first : times_.steps) * batches);
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
    if (!centroids_) return;
    Neighbors neighbors;
    if (epoch_centroids_)
      neighbors = epoch_centroids_->nearest(static_cast<std::size_t>(recipe_.sampler.labels));
    const std::uint64_t end = (k / times_.steps_per_epoch + 1) * times_.steps_per_epoch;
    loader.load_until(end * times_.batches_per_step, std::move(neighbors));
  }

  /// Adds the gradient of the next batch, which is one of step k.
  void learn(std::uint64_t k, BatchLoader& loader) {
    const auto asked = Clock::now();
    const FeatureBatch& batch = loader.next();
    totals_.add_wait(seconds_since(asked));
    isolated([&] {
      const Matrix& embeddings = learner_.embed(batch);
      Matrix gradient(embeddings.rows(), embeddings.cols());
      Loss& measure = learner_.loss();
      if (Margin* margin = measure.margin()) margin->set_epoch(at(k).epoch());
      const LossBatch compared(embeddings, batch.labels, static_cast<std::uint32_t>(batch.number));
      const LossValue loss = measure(compared, gradient);
      learner_.backward(gradient);
      if (centroids_) centroids_->add(embeddings, batch.labels);
      const BatchSpread spread = measure_spread(compared);
      totals_.add(loss, spread);
      last_loss_ = loss.mean;
      last_spread_ = spread.spread;
    });
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
    if (epoch_ends && centroids_) epoch_centroids_ = *centroids_;
    if (done % static_cast<std::uint64_t>(recipe_.train.log_every) == 0 || done == times_.steps)
      report();
    if (epoch_ends && dev_) {
      const auto epoch = static_cast<int>(done / times_.steps_per_epoch);
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
      const Scores scores = dev_->score(model_.encoder);
      EpochReport report{.step = progress_.step,
                         .epoch = epoch,
                         .dev_eer = eer(scores).rocch,
                         .dev_min_dcf = min_dcf(scores, {}),
                         .best = false};
      report.best = progress_.evaluated(report.dev_eer, epoch, recipe_.optimizer);
      if (report.best) save_best(&scores, &report);
      log_->line(to_json(report));
      if (run_.on_epoch) run_.on_epoch(report);
    });
    totals_.skip(Clock::now() - paused);  // rates are those of training alone
  }

  void save_best(const Scores* scores = nullptr, const EpochReport* at = nullptr) {
    Json metrics = Json::object();
    if (at != nullptr) metrics = {{"dev_eer", at->dev_eer}, {"dev_min_dcf", at->dev_min_dcf}};
    const int epoch = at != nullptr ? at->epoch : recipe_.train.epochs;
    model_.provenance = provenance_->of_model(epoch, metrics, init_);
    model_.calibration.reset();
    if (scores != nullptr) try {
        model_.calibration =
            fit_calibration(*scores, "trials between the dev clips of " + recipe_.data.dev);
      } catch (const Error& e) {
        if (e.fault() != Fault::numeric) throw;  // a model that ranks backwards stays uncalibrated
      }
    save_model(model_, path("model.safetensors"));
  }

  void checkpoint() {
    const auto epoch = static_cast<int>(progress_.step / times_.steps_per_epoch);
    model_.provenance = provenance_->of_model(epoch, Json::object(), init_);
    model_.calibration.reset();
    LoopState loop{.tensors = {}, .progress = progress_.json()};
    if (average_) average_->save(loop.tensors);
    if (centroids_) loop.tensors[centroids_key] = centroids_->means();
    if (epoch_centroids_) loop.tensors[epoch_centroids_key] = epoch_centroids_->means();
    learner_.save(path("last.safetensors"), model_, loop);
  }

  /// Puts everything back to where the run was interrupted, which must be this run.
  void resume(const std::string& file) {
    init_ = provenance_->check_resumed(load_model(file).provenance, file);
    const LoopState loop = learner_.restore(file);
    progress_ = Progress::from_json(loop.progress, file + ": progress");
    within(file, [&] {
      if (average_) average_->restore(loop.tensors);
      const std::size_t labels = data_.train.labels.size(), width = model_.encoder.dimension();
      if (centroids_) centroids_.emplace(state_of(loop.tensors, centroids_key, labels, width));
      if (centroids_ && progress_.step >= times_.steps_per_epoch)
        epoch_centroids_.emplace(state_of(loop.tensors, epoch_centroids_key, labels, width));
    });
  }

  const Recipe& recipe_;
  const TrainRun& run_;
  LogMel log_mel_;
  TrainingData data_;
  Model model_;
  Timetable times_;
  Learner learner_;
  CollapseDetector collapse_;
  std::optional<DevSet> dev_;
  std::optional<Provenance> provenance_;
  std::optional<WeightAverage> average_;
  std::optional<LabelCentroids> centroids_, epoch_centroids_;  // now, and where the epoch began
  std::string init_;  // id of the model that training began with
  std::optional<RunLog> log_;
  StepTotals totals_;
  double last_loss_ = 0, last_spread_ = 0;
  Progress progress_;
};

}  // namespace

TrainResult train(const Recipe& recipe, TrainingData data, const TrainRun& run) {
  for (const Manifest* manifest : {&data.train, &data.dev})
    if (manifest->label_of.size() != manifest->clips.size())
      throw std::invalid_argument("train: a manifest of make_manifest() is needed");
  return Run(recipe, prepare(recipe, std::move(data)), run).train();
}

TrainResult train(const Recipe& recipe, const TrainRun& run) {
  return Run(recipe, read_training_data(recipe), run).train();
}

}  // namespace twinear
