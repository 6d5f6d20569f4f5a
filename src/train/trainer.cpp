// SPDX-License-Identifier: Apache-2.0
#include "twinear/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>

#include "base/files.h"
#include "base/json.h"
#include "base/within.h"
#include "model/checkpoint.h"
#include "nn/network.h"
#include "nn/onednn_info.h"
#include "nn/optimizer.h"
#include "nn/pass.h"
#include "train/augmenter.h"
#include "train/batch_loader.h"
#include "train/objective.h"
#include "train/recipe.h"
#include "train/schedule.h"
#include "train/watch.h"
#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear {
namespace {

using Json = nlohmann::ordered_json;
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

/// All training manifests as one; a label means something only within its own.
Manifest read_training_manifests(const std::vector<std::string>& paths) {
  if (paths.size() == 1) return read_manifest(paths[0]);
  std::vector<Clip> clips;
  for (std::size_t i = 0; i < paths.size(); ++i)
    for (Clip& clip : read_manifest(paths[i]).clips) {
      clip.label = fmt::format("{}/{}", i + 1, clip.label);
      clips.push_back(std::move(clip));
    }
  return make_manifest(std::move(clips));
}

/// A hash of which clips there are, whose they are, and how large their files are.
std::string checksum(const Manifest& manifest) {
  std::uint64_t state = hash_start;
  for (const Clip& clip : manifest.clips) {
    std::error_code none;
    const auto size = std::filesystem::file_size(clip.path, none);
    state = hash(fmt::format("{}\t{}\t{}\t{}\t{}\n", clip.name, clip.label, clip.start, clip.end,
                             none ? 0 : size),
                 state);
  }
  return hex(state);
}

std::size_t memory_budget(const Recipe& recipe) {
  return static_cast<std::size_t>(recipe.train.cache_mb) << 20U;
}

/// Clips of speakers or sounds that training does not hear, and trials between them.
class Dev {
 public:
  Dev(Manifest manifest, const Recipe& recipe, std::uint64_t seed, const LogMel& log_mel,
      const FeatureCache* cache)
      : manifest_(std::move(manifest)),
        store_(manifest_.clips, log_mel, memory_budget(recipe), cache) {
    std::map<std::string, std::size_t> clip_of;
    for (std::size_t i = 0; i < manifest_.clips.size(); ++i) clip_of[manifest_.clips[i].name] = i;
    const auto limit = static_cast<std::size_t>(recipe.data.dev_trials);
    for (const Trial& t : make_trials(manifest_, limit, seed))
      trials_.push_back({clip_of.at(t.enrol), clip_of.at(t.test), t.target});
  }

  Scores score(const Encoder& encoder) {
    constexpr std::size_t at_once = 256;  // clips whose features are held beside the store's
    const std::size_t n = manifest_.clips.size();
    Matrix embeddings(n, encoder.dimension());
    for (std::size_t begin = 0; begin < n; begin += at_once) {
      std::vector<std::size_t> which(std::min(at_once, n - begin));
      std::iota(which.begin(), which.end(), begin);
      std::vector<Matrix> features(which.size());
      store_.visit(which, [&](std::size_t i, const Matrix& f) { features[i] = f; });
      std::ranges::copy(encoder.embed(features).values(), embeddings.row(begin).begin());
    }
    Scores scores;
    for (const auto& [enrol, test, target] : trials_)
      (target ? scores.target : scores.nontarget)
          .push_back(cosine(embeddings.row(enrol), embeddings.row(test)));
    return scores;
  }

  const Manifest& manifest() const noexcept { return manifest_; }

 private:
  struct IndexedTrial {
    std::size_t enrol, test;
    bool target;
  };
  Manifest manifest_;
  FeatureStore store_;
  std::vector<IndexedTrial> trials_;
};

/// The lines of log.jsonl, which a resumed run cuts back to where it takes over.
class Log {
 public:
  Log(std::string path, std::uint64_t resumed_at) : path_(std::move(path)) {
    std::string kept;
    if (resumed_at > 0 && std::filesystem::exists(path_)) {
      std::istringstream lines(read_file(path_));
      for (std::string line; std::getline(lines, line);) {
        const auto entry = Json::parse(line, nullptr, false);
        if (entry.is_object() && entry.value("step", std::uint64_t{0}) <= resumed_at)
          kept += line + "\n";
      }
    }
    write_file(path_, kept);
    out_.open(path_, std::ios::app);
  }

  void line(const Json& entry) {
    out_ << entry.dump() << '\n' << std::flush;
    if (!out_) throw Error(Fault::io, path_ + ": cannot be written");
  }

 private:
  std::string path_;
  std::ofstream out_;
};

/// Sums of what steps did, since the last report.
struct Tally {
  int steps = 0;
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
        manifest_(at_every_speed(read_training_manifests(recipe.data.train), recipe.augment)),
        augment_sources_(read_augment_sources(recipe.augment)),
        model_{.front_end = recipe.front_end,
               .encoder = Encoder(encoder_spec(recipe), run.seed),
               .calibration = {},
               .provenance = "{}",
               .id = {}},
        criterion_(recipe.objective, manifest_.labels.size(), model_.encoder.dimension(), run.seed),
        adam_(model_.encoder.network(),
              {.weight_decay = recipe.optimizer.weight_decay,
               .decoupled = recipe.optimizer.kind == "adamw",
               .beta1 = recipe.optimizer.beta1,
               .beta2 = recipe.optimizer.beta2,
               .epsilon = recipe.optimizer.epsilon},
              criterion_.learned()),
        batch_(static_cast<std::size_t>(recipe.sampler.labels) *
               static_cast<std::size_t>(recipe.sampler.clips)),
        steps_per_epoch_(steps_per_epoch(manifest_, recipe.sampler)),
        steps_(model_.encoder.parameter_count() == 0  // the untrained baseline
                   ? 0
                   : steps_per_epoch_ * static_cast<std::uint64_t>(recipe.train.epochs)),
        watch_(recipe.objective, recipe.sampler, recipe.optimizer, recipe.train.stop_on_collapse) {
    check_batches(recipe.objective, recipe.sampler);
    if (!recipe.train.feature_cache.empty()) cache_.emplace(recipe.train.feature_cache, log_mel_);
    if (!recipe.data.dev.empty()) read_dev();
    corpus_ = corpus();
  }

  TrainResult train() {
    const auto start = Clock::now();
    std::filesystem::create_directories(run_.out);
    const std::uint64_t first = run_.resume ? resume() : 0;
    Log log(path("log.jsonl"), first);
    log_ = &log;
    if (first == 0)
      log.line({{"run",
                 {{"recipe", Json::parse(recipe_json(recipe_))},
                  {"seed", run_.seed},
                  {"clips", manifest_.clips.size()},
                  {"labels", manifest_.labels.size()},
                  {"parameters", model_.encoder.parameter_count()}}}});
    const std::uint64_t done = steps_ > 0 ? run_steps(first) : 0;
    const bool stopped = done < steps_;
    if (steps_ == 0 && dev_ != nullptr) evaluate(0, 0);
    if (!stopped && dev_ == nullptr) save_best();
    return {.steps = done,
            .best_epoch = best_epoch_,
            .dev_eer = best_eer_,
            .seconds = seconds_since(start),
            .stopped = stopped};
  }

 private:
  std::string path(const char* name) const {
    return (std::filesystem::path(run_.out) / name).string();
  }

  void read_dev() {
    Manifest manifest = read_manifest(recipe_.data.dev);
    const std::set<std::string> heard(manifest_.labels.begin(), manifest_.labels.end());
    for (const auto& label : manifest.labels)
      if (heard.contains(label))
        throw Error(Fault::mismatch,
                    fmt::format("{}: \"{}\" is also in training; dev must hold others",
                                recipe_.data.dev, label));
    dev_ = std::make_unique<Dev>(std::move(manifest), recipe_, run_.seed, log_mel_,
                                 cache_ ? &*cache_ : nullptr);
  }

  /// The steps that were done by the end: fewer than all where should_stop() ended the run.
  std::uint64_t run_steps(std::uint64_t first) {
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
                        .augment = recipe_.augment},
                       as_sound ? augmented : plain);
    nn::Pass pass(model_.encoder.network(),
                  {static_cast<std::int64_t>(batch_), static_cast<std::int64_t>(frames),
                   static_cast<std::int64_t>(bins)},
                  nn::Mode::training, {.numbers = numbers()});
    tally_ = {};
    if (first < steps_) loader.start(first);
    for (std::uint64_t k = first; k < steps_; ++k) {
      const auto asked = Clock::now();
      const std::vector<int> labels = loader.finish(pass.input());
      tally_.waited += seconds_since(asked);
      if (k + 1 < steps_) loader.start(k + 1);
      step(k, pass, labels);

      const std::uint64_t done = k + 1;
      const bool last = done == steps_;
      if (done % static_cast<std::uint64_t>(recipe_.train.log_every) == 0 || last) report(done);
      if (done % steps_per_epoch_ == 0) {
        const auto epoch = static_cast<int>(done / steps_per_epoch_);
        if (dev_ != nullptr && (epoch % recipe_.train.eval_every == 0 || last))
          evaluate(done, epoch);
      }
      const bool stop = run_.should_stop && run_.should_stop() && !last;
      if (stop || last || done % static_cast<std::uint64_t>(recipe_.train.checkpoint_every) == 0)
        checkpoint(done);
      if (stop) return done;
    }
    return steps_;
  }

  nn::Number numbers() const {
    if (recipe_.train.precision == Precision::fp32) return nn::Number::f32;
    if (has_bf16()) return nn::Number::bf16;
    if (run_.on_warning)
      run_.on_warning("train.precision = \"bf16\": this CPU has no AVX512_BF16; fp32 instead");
    return nn::Number::f32;
  }

  void step(std::uint64_t k, nn::Pass& pass, const std::vector<int>& labels) {
    pass.forward();
    Matrix embeddings(batch_, model_.encoder.dimension()), gradient(batch_, embeddings.cols());
    std::ranges::copy(pass.output().value, embeddings.values().begin());
    const LossValue loss = criterion_(embeddings, labels, static_cast<std::uint32_t>(k), gradient);
    std::ranges::copy(gradient.values(), pass.output().gradient.begin());
    pass.backward();
    const double norm = adam_.clip(recipe_.optimizer.clip_norm);
    const BatchSpread spread = measure_spread(embeddings, labels);
    watch_.see(k + 1, loss.mean, norm, spread.spread);
    adam_.step(learning_rate(recipe_.optimizer, k, steps_));

    ++tally_.steps;
    tally_.loss += loss.mean;
    tally_.gradient_norm += norm;
    tally_.tuples += static_cast<double>(loss.tuples);
    tally_.active += static_cast<double>(loss.active);
    tally_.spread.positive += spread.positive;
    tally_.spread.negative += spread.negative;
    tally_.spread.spread += spread.spread;
  }

  void report(std::uint64_t done) {
    const double n = std::max(1, tally_.steps), seconds = seconds_since(tally_.since);
    const StepReport r{.step = done,
                       .steps = steps_,
                       .loss = tally_.loss / n,
                       .learning_rate = learning_rate(recipe_.optimizer, done - 1, steps_),
                       .gradient_norm = tally_.gradient_norm / n,
                       .active = tally_.tuples > 0 ? tally_.active / tally_.tuples : 0,
                       .positive = tally_.spread.positive / n,
                       .negative = tally_.spread.negative / n,
                       .spread = tally_.spread.spread / n,
                       .data_wait = tally_.waited / seconds,
                       .clips_per_second = n * static_cast<double>(batch_) / seconds};
    log_->line({{"step", r.step},
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
    tally_ = {};
  }

  void evaluate(std::uint64_t done, int epoch) {
    const auto paused = Clock::now();
    const Scores scores = dev_->score(model_.encoder);
    EpochReport r{.step = done,
                  .epoch = epoch,
                  .dev_eer = eer(scores).rocch,
                  .dev_min_dcf = min_dcf(scores, {}),
                  .best = false};
    r.best = best_epoch_ == 0 || r.dev_eer < best_eer_;
    if (r.best) {
      best_eer_ = r.dev_eer;
      best_epoch_ = epoch;
      save_best(&scores, &r);
    }
    log_->line({{"epoch", r.epoch},
                {"step", r.step},
                {"dev_eer", r.dev_eer},
                {"dev_min_dcf", r.dev_min_dcf},
                {"best", r.best}});
    if (run_.on_epoch) run_.on_epoch(r);
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
    return Json{{"recipe", Json::parse(recipe_json(recipe_))},
                {"seed", run_.seed},
                {"epoch", epoch},
                {"metrics", metrics},
                {"corpus", corpus_},
                {"onednn", onednn_version()},
                {"instruction_set", onednn_isa()}}
        .dump();
  }

  void checkpoint(std::uint64_t done) {
    model_.provenance = provenance(static_cast<int>(done / steps_per_epoch_), Json::object());
    model_.calibration.reset();
    const Json progress{{"step", done}, {"best_epoch", best_epoch_}, {"best_eer", best_eer_}};
    save_checkpoint(path("last.safetensors"), model_, adam_, {criterion_.state(), progress.dump()});
  }

  /// The step to go on with. The run must be the one that was interrupted.
  std::uint64_t resume() {
    const std::string file = path("last.safetensors");
    try {
      return resume(file);
    } catch (const Json::exception&) {
      throw Error(Fault::format, file + ": not a checkpoint of a training run");
    }
  }

  std::uint64_t resume(const std::string& file) {
    const Model before = load_model(file);
    auto then = Json::parse(before.provenance), now = Json::parse(provenance(0, Json::object()));
    for (Json* run : {&then, &now})  // the checksum knows a corpus wherever it lies
      if (run->contains("recipe")) (*run)["recipe"].erase("data");
    for (const char* key : {"recipe", "seed", "corpus"})
      if (then.value(key, Json()) != now.at(key))
        throw Error(Fault::mismatch, fmt::format("{}: written with another {}; resume with the "
                                                 "same, or train without --resume",
                                                 file, key));
    const RunState state = load_checkpoint(file, model_, adam_);
    within(file, [&] { criterion_.restore(state.tensors); });
    const auto progress = parse_json(state.progress, file + ": progress");
    best_epoch_ = progress.value("best_epoch", 0);
    best_eer_ = progress.value("best_eer", 0.0);
    return progress.value("step", std::uint64_t{0});
  }

  const Recipe& recipe_;
  const TrainRun& run_;
  LogMel log_mel_;
  Manifest manifest_;
  AugmentSources augment_sources_;
  std::optional<FeatureCache> cache_;
  Model model_;
  Criterion criterion_;
  nn::Adam adam_;
  std::size_t batch_;
  std::uint64_t steps_per_epoch_, steps_;
  Watch watch_;
  std::unique_ptr<Dev> dev_;
  Json corpus_;
  Log* log_ = nullptr;
  Tally tally_;
  int best_epoch_ = 0;
  double best_eer_ = 0;
};

}  // namespace

TrainResult train(const Recipe& recipe, const TrainRun& run) {
  return Training(recipe, run).train();
}

}  // namespace twinear
