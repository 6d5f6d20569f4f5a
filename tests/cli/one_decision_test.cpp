// SPDX-License-Identifier: Apache-2.0
// One decision, whoever asks for it: C++, the program, the database, a stream, C and Python.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/random.h"
#include "cli/people.h"
#include "twinear/c_api.h"
#include "twinear/enrollment.h"
#include "twinear/verifier.h"

namespace twinear {
namespace {

using Json = nlohmann::json;

/// What each of those who can be asked answers, by their names.
using Answers = std::map<std::string, Verdict>;

Verdict verdict_of(const Json& json, bool same) {
  const auto number = [&](const char* key) {
    return json.at(key).is_null() ? std::nullopt : std::optional(json.at(key).get<double>());
  };
  return {.score = number("score").value(),
          .llr = number("llr"),
          .probability = number("probability"),
          .threshold = number("threshold").value(),
          .threshold_from = {},
          .same = same};
}

/// A policy, as the library and as the program is told it.
struct Policy {
  Acceptance accept;
  std::vector<std::string> words;
};

/// People and a model whose decisions depend on the lengths of clips.
class OneDecision : public People {
 protected:
  OneDecision() {
    Model timed = load_model(model);
    timed.calibration->lengths = {{1.5, 0.3, std::log(2.0), -9, 9}, {0.5, 0, std::log(3.0), -9, 9}};
    save_model(timed, model);
    handle_.reset(twinear_model_load(model.c_str()));
  }

  Json json(std::vector<std::string> words, const Policy& policy, int code = 0) const {
    words.insert(words.end(), policy.words.begin(), policy.words.end());
    words.emplace_back("--json");
    const Outcome outcome = run(words);
    EXPECT_TRUE(outcome.code == code || (code == 0 && outcome.code == 1)) << outcome.err;
    return Json::parse(outcome.out.substr(0, outcome.out.find('\n')));
  }

  /// `a` is enrolled where there is somebody to enroll.
  Answers ask(const std::string& a, const std::string& b, const Policy& policy) const {
    const Verifier verifier = Verifier::load(model);
    const Clip one = clip_of_file(a), other = clip_of_file(b);
    const auto embedded = verifier.embed_each(std::vector{one, other});
    Answers answers;
    answers.emplace("compare", verifier.compare(one, other, policy.accept));
    answers.emplace("compare samples",
                    verifier.compare(read_audio(a), read_audio(b), policy.accept));
    answers.emplace("decide", verifier.decide(embedded[0], embedded[1], policy.accept));

    const auto verified = json({"verify", a, b, "--model", model}, policy);
    answers.emplace("verify", verdict_of(verified, verified["same"]));
    write_file(folder / "pairs.txt", a + " " + b + "\n");
    const auto pair = json({"verify", "--pairs", folder / "pairs.txt", "--model", model}, policy);
    answers.emplace("verify --pairs", verdict_of(pair, pair["same"]));

    std::filesystem::remove(db);
    EXPECT_EQ(enroll("ada", {a}).code, 0);
    const auto who = Enrollment(db).identify(verifier, other, policy.accept);
    answers.emplace("Enrollment::identify", who.candidates.at(0).verdict);
    if (policy.accept.kind() != Acceptance::Kind::even_odds) {  // a search has another default
      const auto file = json(identify({b}), policy);
      answers.emplace("identify FILE", verdict_of(file, file["name"] == "ada"));
      const auto window = json(
          identify({"--stream", b, "--window", std::to_string(read_audio(b).seconds())}), policy);
      answers.emplace("identify --stream", verdict_of(window, window["name"] == "ada"));
    }

    if (policy.accept.kind() != Acceptance::Kind::false_alarm) {  // C and Python have no such word
      const bool given = policy.accept.kind() == Acceptance::Kind::score;
      twinear_verdict c = {sizeof c};
      EXPECT_EQ(twinear_verify_files(handle_.get(), a.c_str(), b.c_str(),
                                     given ? policy.accept.value() : NAN, &c),
                TWINEAR_OK);
      answers.emplace("C", Verdict{c.score, c.llr, c.probability, c.threshold, {}, c.same == 1});
#ifdef TWINEAR_PYTHON_FOLDER
      const std::string threshold = given ? std::to_string(policy.accept.value()) : "None";
      const auto said = Json::parse(
          python("v = m.verify(sys.argv[2], sys.argv[3], " + threshold + ")\n" + print, {a, b}));
      answers.emplace("Python", verdict_of(said, said["same"]));
#endif
    }
    return answers;
  }

  /// What Python prints; `m` is the model.
  std::string python(const std::string& lines, const std::vector<std::string>& files) const {
#ifdef TWINEAR_PYTHON_FOLDER
    std::vector<std::string> words{"-c",
                                   "import json, sys; sys.path.insert(0, '" TWINEAR_PYTHON_FOLDER
                                   "')\nimport twinear\nm = twinear.Model(sys.argv[1])\n" +
                                       lines,
                                   model};
    words.insert(words.end(), files.begin(), files.end());
    const Outcome outcome = run(words, "/dev/null", "/usr/bin/python3");
    return outcome.code == 0 ? outcome.out : outcome.err;
#else
    (void)lines, (void)files;
    return {};
#endif
  }
  static constexpr const char* print =
      "print(json.dumps({k: getattr(v, k) for k in "
      "('score', 'llr', 'probability', 'threshold', 'same')}))";

  struct Free {
    void operator()(twinear_model* m) const { twinear_model_free(m); }
  };
  std::unique_ptr<twinear_model, Free> handle_;
};

TEST_F(OneDecision, IsMadeWhoeverIsAskedAndByWhateverPolicy) {
  const std::string brief = clip(0, 0, 1.2), longer = clip(0, 1, 3.5), other = clip(1, 0, 2.0);
  const Policy policies[] = {{Acceptance::even_odds(), {}},
                             {Acceptance::at_score(0.97), {"--threshold", "0.97"}},
                             {Acceptance::at_false_alarm(0.05), {"--at-fpr", "0.05"}}};
  for (const auto& [a, b] : {std::pair(brief, longer), std::pair(longer, other)})
    for (const Policy& policy : policies) {
      const Answers answers = ask(a, b, policy);
      EXPECT_GE(answers.size(), 6U);
      const Verdict& expected = answers.at("compare");
      for (const auto& [who, got] : answers) {
        EXPECT_NEAR(got.score, expected.score, 1e-5) << who;
        EXPECT_NEAR(got.llr.value(), expected.llr.value(), 1e-4) << who;
        EXPECT_NEAR(got.probability.value(), expected.probability.value(), 1e-4) << who;
        EXPECT_NEAR(got.threshold, expected.threshold, 1e-9) << who;
        EXPECT_EQ(got.same, expected.same) << who;
      }
    }
}

TEST_F(OneDecision, ASearchNamesAStrangerOnceInAHundredWhoeverIsAsked) {
  const std::string a = clip(0, 0, 1.2), b = clip(0, 1, 3.5), other = clip(1, 0, 2.0);
  for (const auto& [name, file] : {std::pair("ada", a), std::pair("bob", other)})
    ASSERT_EQ(enroll(name, {file}).code, 0);
  const Verifier verifier = Verifier::load(model);
  const auto expected = Enrollment(db).identify(verifier, clip_of_file(b));
  EXPECT_NEAR(expected.candidates.at(0).verdict.threshold,
              verifier.decide(0, Acceptance::per_search(0.01).among(2), {1.2, 3.5}).threshold,
              1e-9);
  for (const std::vector<std::string>& words :
       {identify({b, "--json"}), identify({"--stream", b, "--window", "3.5", "--json"})}) {
    const auto said = Json::parse(run(words).out);
    EXPECT_NEAR(said["threshold"].get<double>(), expected.candidates[0].verdict.threshold, 1e-9);
    EXPECT_EQ(said["name"].is_null(), expected.known() == nullptr);
  }
}

TEST_F(OneDecision, LogLikelihoodRatiosOfTrialListsAreThoseOfVerify) {
  const std::string a = clip(0, 0, 1.2), b = clip(0, 1, 3.5);
  write_file(folder / "trials.txt", "1 " + a + " " + b + "\n0 " + b + " " + b + "\n");
  ASSERT_EQ(run({"score", "--trials", folder / "trials.txt", "--root", "", "--model", model,
                 "--llr", "-o", folder / "s.txt"})
                .code,
            0);
  EXPECT_NEAR(read_scores(folder / "s.txt")[0].score,
              *Verifier::load(model).compare(clip_of_file(a), clip_of_file(b)).llr, 1e-4);
}

TEST_F(OneDecision, SilenceHasNoAnswer) {
  const std::string voice = clip(0, 0), silence = folder / "silence.wav";
  ASSERT_EQ(enroll("ada", {voice}).code, 0);
  for (const float level : {0.0F, 5e-5F, 2e-4F}) {
    Random random(3, Purpose::test);
    Waveform quiet{16000, std::vector<float>(32000)};
    for (float& x : quiet.samples) x = level * static_cast<float>(random.uniform(-1, 1));
    write_audio(silence, quiet);
    const std::string told = silence + ": ";

    const Verifier verifier = Verifier::load(model);
    EXPECT_STREQ(answer(verifier.compare(clip_of_file(silence), clip_of_file(voice))),
                 "cannot tell");
    EXPECT_FALSE(verifier.compare(quiet, quiet).answered());
    const auto who = Enrollment(db).identify(verifier, clip_of_file(silence));
    EXPECT_EQ(who.known(), nullptr);
    EXPECT_TRUE(who.doubt.starts_with(told)) << who.doubt;
    for (const auto& first : {silence, voice}) {
      const Outcome alone = run({"verify", first, silence, "--model", model, "-q"});
      EXPECT_EQ(alone.code, 2);
      EXPECT_TRUE(alone.out.starts_with("Cannot tell: " + told)) << alone.out;
      const auto object =
          Json::parse(run({"verify", first, silence, "--model", model, "--json"}).out);
      EXPECT_EQ(object["answer"], "cannot tell");
      EXPECT_TRUE(object["same"].is_null() && object["score"].is_null());
      EXPECT_TRUE(object["doubt"].get<std::string>().starts_with(told));
    }
    EXPECT_TRUE(is_refusal(enroll("nobody", {silence}), told));
    write_file(folder / "pairs.txt", voice + " " + voice + "\n" + voice + " " + silence + "\n");
    const Outcome pairs = run({"verify", "--pairs", folder / "pairs.txt", "--model", model, "-q"});
    EXPECT_EQ(pairs.code, 2);
    EXPECT_TRUE(pairs.out.ends_with(silence + "\tcannot tell\t-\t-\t-\n")) << pairs.out;

    const Outcome file = run(identify({silence, voice, "--threshold", "0.5"}));
    EXPECT_EQ(file.code, 2);
    EXPECT_TRUE(file.out.starts_with(silence + "\tsilence\t-\t-\t-\n" + voice + "\tada\t"))
        << file.out;
    const Outcome stream = run(identify({"--stream", silence, "--window", "2"}));
    EXPECT_EQ(stream.out, "0.00\t2.00\tsilence\t-\t-\t-\n");

    twinear_verdict verdict = {sizeof verdict};
    EXPECT_EQ(twinear_verify_files(handle_.get(), silence.c_str(), silence.c_str(), NAN, &verdict),
              TWINEAR_FORMAT);
    EXPECT_TRUE(std::string(twinear_error_message()).starts_with(told));
    std::vector<float> embedding(twinear_model_dimension(handle_.get()));
    EXPECT_EQ(twinear_embed_samples(handle_.get(), quiet.samples.data(), quiet.samples.size(),
                                    16000, embedding.data()),
              TWINEAR_FORMAT);
#ifdef TWINEAR_PYTHON_FOLDER
    EXPECT_NE(python("m.verify(sys.argv[2], sys.argv[2])", {silence})
                  .find("twinear.Error: cannot tell: " + told),
              std::string::npos);
#endif
  }
}

TEST_F(OneDecision, WhatIsLessSureThanWasAskedForIsLeftOpen) {
  const std::string a = clip(0, 0, 1.2), b = clip(0, 1, 3.5);
  const Verifier verifier = Verifier::load(model);
  ASSERT_EQ(enroll("ada", {a}).code, 0);
  // Just above the score the answer is "different", and at most even odds sure.
  const double score = verifier.compare(clip_of_file(a), clip_of_file(b)).score + 1e-4;
  const Acceptance accept = Acceptance::at_score(score).at_least(0.9);
  const Verdict expected = verifier.compare(clip_of_file(a), clip_of_file(b), accept);
  const bool sure = 1 - *expected.probability >= 0.9;
  EXPECT_EQ(expected.answered(), sure);
  const std::vector<std::string> words{"--threshold", std::to_string(score), "--at-least", "0.9"};
  const auto asked = [&](std::vector<std::string> command) {
    command.insert(command.end(), words.begin(), words.end());
    return run(command);
  };
  const Outcome verified = asked({"verify", a, b, "--model", model, "-q"});
  EXPECT_EQ(verified.code, sure ? 1 : 2);
  EXPECT_EQ(verified.out.starts_with("Cannot tell: the evidence is "), !sure) << verified.out;
  const Outcome identified = asked(identify({b}));
  EXPECT_NE(identified.out.find(sure ? "\tunknown\t" : "\tcannot tell\t"), std::string::npos)
      << identified.out;
}

}  // namespace
}  // namespace twinear
