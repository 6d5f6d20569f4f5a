// SPDX-License-Identifier: Apache-2.0
#include "twinear/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "augment/augmenter.h"
#include "base/spellings.h"
#include "base/state.h"
#include "base/threads.h"
#include "base/within.h"
#include "linalg/onednn_info.h"
#include "model/checkpoint.h"
#include "nn/execution.h"
#include "nn/network.h"
#include "nn/optimizer.h"
#include "train/batch_loader.h"
#include "train/collapse.h"
#include "train/dev_set.h"
#include "train/label_centroids.h"
#include "train/loss_state.h"
#include "train/progress.h"
#include "train/recipe.h"
#include "train/run_log.h"
#include "train/training_corpus.h"
#include "train/warm_start.h"
#include "train/weight_average.h"
#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char *centroids_key = "labels.now", *epoch_centroids_key = "labels.epoch";
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

EncoderSpec encoder_spec(const Recipe& recipe) {
  const EncoderOptions& o = recipe.encoder;
  const int bins = recipe.front_end.mel_bins;
  if (o.kind == "statistics") return EncoderSpec::statistics(bins);
  if (o.kind == "compact")
    return EncoderSpec::compact({.bins = bins,
                                 .channels = o.channels,
                                 .strides = o.strides,
                                 .embedding = o.embedding,
                                 .input_norm = o.input_norm,
                                 .pooled_norm = o.pooled_norm});
  EncoderSpec spec =
      o.kind == "resnet" ? EncoderSpec::residual({.bins = bins,
                                                  .channels = o.channels,
                                                  .blocks = o.blocks,
                                                  .embedding = o.embedding})
      : o.kind == "ecapa"
          ? EncoderSpec::ecapa({.bins = bins,
                                .channels = o.width,
                                .aggregated = o.aggregated,
                                .attention = o.attention,
                                .squeeze = o.squeeze,
                                .scale = o.scale,
                                .embedding = o.embedding})
          : EncoderSpec::xvector(
                {.bins = bins, .channels = o.width, .pooled = o.pooled, .embedding = o.embedding});
  if (o.input_norm)
    spec.layers.insert(spec.layers.begin(),
                       {.kind = "batch_norm", .name = "input_norm", .affine = false});
  return spec;
}

std::size_t memory_budget(const Recipe& recipe) {
  return static_cast<std::size_t>(recipe.train.cache_mb) << 20U;
}

/// Sums of what steps did, since the last report.
struct Tally {
  int steps = 0, batches = 0;
  double loss = 0, gradient_norm = 0, tuples = 0, active = 0;
  BatchSpread spread;
  double waited = 0;
  Clock::time_point since = Clock::now();
};

class Training {
 public:
  Training(const Recipe& recipe, const TrainRun& run)
      : recipe_(recipe),
        run_(run),
        log_mel_(recipe.front_end),
        manifest_(with_speed_labels(read_training_manifests(recipe.data.train), recipe.augment)),
        augment_sources_(read_augment_sources(recipe.augment)),
        model_{.front_end = recipe.front_end,
               .encoder = Encoder(encoder_spec(recipe), run.seed),
               .calibration = {},
               .provenance = "{}",
               .id = {},
               .source = recipe.data.source},
        loss_(make_loss(recipe.loss, {.classes = manifest_.labels.size(),
                                      .width = model_.encoder.dimension(),
                                      .seed = run.seed})),
        adam_(model_.encoder.network(),
              {.weight_decay = recipe.optimizer.weight_decay,
               .decoupled = recipe.optimizer.kind == "adamw",
               .beta1 = recipe.optimizer.beta1,
               .beta2 = recipe.optimizer.beta2,
               .epsilon = recipe.optimizer.epsilon},
              learned(*loss_)),
        batch_(static_cast<std::size_t>(recipe.sampler.labels) *
               static_cast<std::size_t>(recipe.sampler.clips)),
        batches_per_step_(static_cast<std::uint64_t>(recipe.train.accumulate)),
        steps_per_epoch_(
            std::max<std::uint64_t>(1, manifest_.clips.size() / (batch_ * batches_per_step_))),
        steps_(model_.encoder.parameter_count() == 0  // the untrained baseline
                   ? 0
                   : steps_per_epoch_ * static_cast<std::uint64_t>(recipe.train.epochs)),
        collapse_(*loss_, recipe.sampler, recipe.optimizer, recipe.train.stop_on_collapse) {
    check_batches(recipe.loss.kind, *loss_, recipe.sampler);
    if (!recipe.train.feature_cache.empty()) cache_.emplace(recipe.train.feature_cache, log_mel_);
    if (!recipe.data.dev.empty()) read_dev();
    corpus_ = corpus();
    if (!recipe.train.init.empty() && !run.resume)
      init_ = warm_start(model_, recipe.train.init, recipe.train.reinit);
    freeze(model_.encoder.network(), recipe.train.freeze, true);
    if (recipe.train.average > 0) average_.emplace(model_.encoder.network(), recipe.train.average);
    if (recipe.sampler.hard > 0)
      centroids_.emplace(manifest_.labels.size(), model_.encoder.dimension());
  }

  TrainResult train() {
    const auto start = Clock::now();
    std::filesystem::create_directories(run_.out);
    if (run_.resume) resume();
    const std::uint64_t first = progress_.step;
    log_.emplace(path("log.jsonl"), first);
    if (first == 0)
      log_line({{"run",
                 {{"recipe", Json::parse(recipe_json(recipe_))},
                  {"seed", run_.seed},
                  {"clips", manifest_.clips.size()},
                  {"labels", manifest_.labels.size()},
                  {"parameters", model_.encoder.parameter_count()}}}});
    const bool stopped = steps_ > 0 && !over() && run_steps(first) == End::stopped;
    if (steps_ == 0 && dev_ != nullptr) evaluate(0);
    if (!stopped && dev_ == nullptr) averaged([&] { save_best(); });
    return {.steps = progress_.step,
            .best_epoch = progress_.best_epoch,
            .dev_eer = progress_.best_eer,
            .seconds = seconds_since(start),
            .data_wait = trained_ > 0 ? waited_ / trained_ : 0,
            .stopped = stopped,
            .patience_ended = progress_.step < steps_ && !stopped};
  }

 private:
  enum class End { done, stopped };

  std::string path(const char* name) const {
    return (std::filesystem::path(run_.out) / name).string();
  }

  void log_line(const Json& entry) { log_->line(entry.dump()); }

  bool over() const { return progress_.step >= steps_ || progress_.over(recipe_.train); }

  ScheduleStep at(std::uint64_t step) const {
    return {.step = step, .steps = steps_, .steps_per_epoch = steps_per_epoch_};
  }

  double rate(std::uint64_t step) const {
    return progress_.rate_factor * learning_rate(recipe_.optimizer, at(step));
  }

  void read_dev() {
    Manifest manifest = read_manifest(recipe_.data.dev);
    const auto heard = labels_as_written(manifest_, recipe_.data);
    for (const auto& label : manifest.labels)
      if (heard.contains(label))
        throw Error(Fault::mismatch,
                    fmt::format("{}: \"{}\" is also in training; dev must hold others",
                                recipe_.data.dev, label));
    dev_ = within(recipe_.data.dev, [&] {
      return std::make_unique<DevSet>(
          std::move(manifest), static_cast<std::size_t>(recipe_.eval.dev_trials), run_.seed,
          log_mel_, memory_budget(recipe_), cache_ ? &*cache_ : nullptr);
    });
  }

  End run_steps(std::uint64_t first) {
    const auto frames = log_mel_.frames(static_cast<std::size_t>(
        recipe_.train.crop_seconds * static_cast<double>(recipe_.front_end.sample_rate)));
    const auto bins = static_cast<std::size_t>(recipe_.front_end.mel_bins);
    const bool as_sound = changes_sound(recipe_.augment);
    Augmenter augmenter(recipe_.augment, manifest_.clips, augment_sources_,
                        recipe_.front_end.sample_rate, run_.seed, memory_budget(recipe_));
    FeatureStore plain(manifest_.clips, log_mel_, memory_budget(recipe_),
                       cache_ ? &*cache_ : nullptr);
    FeatureStore augmented(manifest_.clips, log_mel_, augmenter);
    BatchLoader loader(manifest_,
                       {.sampler = recipe_.sampler,
                        .seed = run_.seed,
                        .frames = frames,
                        .bins = bins,
                        .augment = recipe_.augment,
                        .label_weights = label_weights(manifest_, recipe_.data),
                        .batches_per_epoch = steps_per_epoch_ * batches_per_step_,
                        .ahead = static_cast<std::size_t>(recipe_.train.prefetch)},
                       as_sound ? augmented : plain, first * batches_per_step_);
    const nn::Shape input{static_cast<std::int64_t>(batch_), static_cast<std::int64_t>(frames),
                          static_cast<std::int64_t>(bins)};
    std::optional<nn::Execution> pass;
    const nn::Number stored = numbers();
    tally_ = {};
    for (std::uint64_t k = first; k < steps_; ++k) {
      if (k == first || k % steps_per_epoch_ == 0) {
        enter_epoch(k, loader);
        if (thaws(k) || !pass)
          pass.emplace(model_.encoder.network(), input, nn::Mode::training,
                       nn::ExecutionOptions{.numbers = stored});
      }
      for (std::uint64_t j = 0; j < batches_per_step_; ++j) {
        const auto asked = Clock::now();
        const std::vector<int> labels = loader.next(pass->input());
        tally_.waited += seconds_since(asked);
        isolated([&] { learn(k, k * batches_per_step_ + j, *pass, labels); });
      }
      step(k);

      const std::uint64_t done = progress_.step = k + 1;
      const bool epoch_ends = done % steps_per_epoch_ == 0;
      if (epoch_ends && centroids_) epoch_centroids_ = *centroids_;
      if (done % static_cast<std::uint64_t>(recipe_.train.log_every) == 0 || done == steps_)
        report(done);
      if (epoch_ends && dev_ != nullptr) {
        const auto epoch = static_cast<int>(done / steps_per_epoch_);
        if (epoch % recipe_.train.eval_every == 0 || done == steps_) evaluate(epoch);
      }
      const bool stop = run_.should_stop && run_.should_stop() && !over();
      if (stop || over() || done % static_cast<std::uint64_t>(recipe_.train.checkpoint_every) == 0)
        checkpoint();
      if (stop) return End::stopped;
      if (over()) break;
    }
    return End::done;
  }

  nn::Number numbers() const {
    if (recipe_.train.precision == Precision::fp32) return nn::Number::f32;
    if (has_bf16()) return nn::Number::bf16;
    if (run_.on_warning)
      run_.on_warning("train.precision = \"bf16\": this CPU has no AVX512_BF16; fp32 instead");
    return nn::Number::f32;
  }

  /// Whether frozen layers begin to move with step k.
  bool thaws(std::uint64_t k) const {
    const auto epochs = static_cast<std::uint64_t>(recipe_.train.freeze_epochs);
    return epochs > 0 && k == epochs * steps_per_epoch_;
  }

  /// What is settled for all batches from step k to the end of its epoch.
  void enter_epoch(std::uint64_t k, BatchLoader& loader) {
    const auto epochs = static_cast<std::uint64_t>(recipe_.train.freeze_epochs);
    if (epochs > 0 && k >= epochs * steps_per_epoch_)
      freeze(model_.encoder.network(), recipe_.train.freeze, false);
    std::uint64_t end = steps_;
    if (centroids_) {  // the next epoch's batches depend on what this one makes of the labels
      if (epoch_centroids_)
        loader.set_neighbors(
            epoch_centroids_->nearest(static_cast<std::size_t>(recipe_.sampler.labels)));
      end = (k / steps_per_epoch_ + 1) * steps_per_epoch_;
    }
    loader.load_until(end * batches_per_step_);
  }

  /// Adds the gradient of one batch of step k.
  void learn(std::uint64_t k, std::uint64_t batch, nn::Execution& pass,
             const std::vector<int>& labels) {
    pass.forward();
    Matrix embeddings(batch_, model_.encoder.dimension()), gradient(batch_, embeddings.cols());
    std::ranges::copy(pass.output().value, embeddings.values().begin());
    if (Margin* margin = loss_->margin()) margin->set_epoch(at(k).epoch());
    const LossBatch compared(embeddings, labels, static_cast<std::uint32_t>(batch));
    const LossValue loss = (*loss_)(compared, gradient);
    if (auto& to = pass.output().gradient; !to.empty()) {  // empty: the whole encoder is frozen
      std::ranges::copy(gradient.values(), to.begin());
      pass.backward();
    }
    if (centroids_) centroids_->add(embeddings, labels);

    const BatchSpread spread = measure_spread(compared);
    ++tally_.batches;
    tally_.loss += last_loss_ = loss.mean;
    tally_.tuples += static_cast<double>(loss.tuples);
    tally_.active += static_cast<double>(loss.active);
    tally_.spread.positive += spread.positive;
    tally_.spread.negative += spread.negative;
    tally_.spread.spread += last_spread_ = spread.spread;
  }

  /// Takes step k with the gradient that its batches left.
  void step(std::uint64_t k) {
    const double norm = adam_.clip(recipe_.optimizer.clip_norm, recipe_.train.accumulate);
    ++tally_.steps;
    tally_.gradient_norm += norm;
    collapse_.see(k + 1, last_loss_, norm, last_spread_);
    adam_.step(rate(k));
    if (average_) average_->add(k);
  }

  void report(std::uint64_t done) {
    const double n = std::max(1, tally_.batches), seconds = seconds_since(tally_.since);
    const StepReport r{.step = done,
                       .steps = steps_,
                       .loss = tally_.loss / n,
                       .learning_rate = rate(done - 1),
                       .gradient_norm = tally_.gradient_norm / std::max(1, tally_.steps),
                       .active = tally_.tuples > 0 ? tally_.active / tally_.tuples : 0,
                       .positive = tally_.spread.positive / n,
                       .negative = tally_.spread.negative / n,
                       .spread = tally_.spread.spread / n,
                       .data_wait = tally_.waited / seconds,
                       .clips_per_second = n * static_cast<double>(batch_) / seconds};
    log_line({{"step", r.step},
              {"loss", r.loss},
              {"learning_rate", r.learning_rate},
              {"gradient_norm", r.gradient_norm},
              {"active", r.active},
              {"positive", r.positive},
              {"negative", r.negative},
              {"spread", r.spread},
              {"data_wait", r.data_wait},
              {"clips_per_second", r.clips_per_second}});
    if (run_.on_step) run_.on_step(r);
    waited_ += tally_.waited;
    trained_ += seconds;
    tally_ = {};
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
      EpochReport r{.step = progress_.step,
                    .epoch = epoch,
                    .dev_eer = eer(scores).rocch,
                    .dev_min_dcf = min_dcf(scores, {}),
                    .best = false};
      r.best = progress_.evaluated(r.dev_eer, epoch, recipe_.optimizer);
      if (r.best) save_best(&scores, &r);
      log_line({{"epoch", r.epoch},
                {"step", r.step},
                {"dev_eer", r.dev_eer},
                {"dev_min_dcf", r.dev_min_dcf},
                {"best", r.best}});
      if (run_.on_epoch) run_.on_epoch(r);
    });
    tally_.since += Clock::now() - paused;  // rates are those of training alone
  }

  void save_best(const Scores* scores = nullptr, const EpochReport* at = nullptr) {
    Json metrics = Json::object();
    if (at != nullptr) metrics = {{"dev_eer", at->dev_eer}, {"dev_min_dcf", at->dev_min_dcf}};
    model_.provenance = provenance(at != nullptr ? at->epoch : recipe_.train.epochs, metrics);
    model_.calibration.reset();
    if (scores != nullptr) try {
        model_.calibration =
            fit_calibration(*scores, "trials between the dev clips of " + recipe_.data.dev);
      } catch (const Error& e) {
        if (e.fault() != Fault::numeric) throw;  // a model that ranks backwards stays uncalibrated
      }
    save_model(model_, path("model.safetensors"));
  }

  /// What training and dev hear. It looks at every file, so it is asked for once.
  Json corpus() const {
    Json corpus{{"clips", manifest_.clips.size()},
                {"labels", manifest_.labels.size()},
                {"checksum", checksum(manifest_)}};
    if (dev_ != nullptr) corpus["dev_checksum"] = checksum(dev_->manifest());
    for (const auto& [key, source] : {std::pair("noises_checksum", &augment_sources_.noises),
                                      std::pair("responses_checksum", &augment_sources_.responses)})
      if (!source->clips.empty()) corpus[key] = checksum(*source);
    return corpus;
  }

  std::string provenance(int epoch, const Json& metrics) const {
    Json provenance{{"recipe", Json::parse(recipe_json(without_folders(recipe_)))},
                    {"seed", run_.seed},
                    {"epoch", epoch},
                    {"metrics", metrics},
                    {"corpus", corpus_},
                    {"onednn", onednn_version()},
                    {"instruction_set", onednn_isa()}};
    if (!init_.empty()) provenance["init"] = init_;
    return provenance.dump();
  }

  void checkpoint() {
    model_.provenance =
        provenance(static_cast<int>(progress_.step / steps_per_epoch_), Json::object());
    model_.calibration.reset();
    auto state = state_of(*loss_);
    if (average_) average_->save(state);
    if (centroids_) state[centroids_key] = centroids_->means();
    if (epoch_centroids_) state[epoch_centroids_key] = epoch_centroids_->means();
    save_checkpoint(path("last.safetensors"), model_, adam_, {state, progress_.json()});
  }

  /// Puts everything back to where the run was interrupted, which must be this run.
  void resume() {
    const std::string file = path("last.safetensors");
    try {
      resume(file);
    } catch (const Json::exception&) {
      throw Error(Fault::format, file + ": not a checkpoint of a training run");
    }
  }

  void resume(const std::string& file) {
    const Model before = load_model(file);
    auto then = spelled_today(Json::parse(before.provenance)),
         now = Json::parse(provenance(0, Json::object()));
    for (Json* run : {&then, &now})  // the checksum knows a corpus wherever it lies
      if (run->contains("recipe"))
        for (const char* key : {"train", "dev"}) (*run)["recipe"]["data"].erase(key);
    for (const char* key : {"recipe", "seed", "corpus"})
      if (then.value(key, Json()) != now.at(key))
        throw Error(Fault::mismatch, fmt::format("{}: written with another {}; resume with the "
                                                 "same, or train without --resume",
                                                 file, key));
    init_ = then.value("init", "");
    const auto [state, progress] = load_checkpoint(file, model_, adam_);
    progress_ = Progress::from_json(progress, file + ": progress");
    within(file, [&, &state = state] {
      restore(*loss_, state);
      if (average_) average_->restore(state);
      const std::size_t labels = manifest_.labels.size(), width = model_.encoder.dimension();
      if (centroids_) centroids_.emplace(state_of(state, centroids_key, labels, width));
      if (centroids_ && progress_.step >= steps_per_epoch_)
        epoch_centroids_.emplace(state_of(state, epoch_centroids_key, labels, width));
    });
  }

  const Recipe& recipe_;
  const TrainRun& run_;
  LogMel log_mel_;
  Manifest manifest_;
  AugmentSources augment_sources_;
  std::optional<FeatureCache> cache_;
  Model model_;
  std::unique_ptr<Loss> loss_;
  nn::Adam adam_;
  std::optional<WeightAverage> average_;
  std::optional<LabelCentroids> centroids_, epoch_centroids_;  // now, and where the epoch began
  std::size_t batch_;
  std::uint64_t batches_per_step_, steps_per_epoch_, steps_;
  CollapseDetector collapse_;
  std::unique_ptr<DevSet> dev_;
  Json corpus_;
  std::string init_;  // id of the model that training began with
  std::optional<RunLog> log_;
  Tally tally_;
  double last_loss_ = 0, last_spread_ = 0;
  double waited_ = 0, trained_ = 0;  // seconds, up to the last report
  Progress progress_;
};

}  // namespace

TrainResult train(const Recipe& recipe, const TrainRun& run) {
  return Training(recipe, run).train();
}

}  // namespace twinear
