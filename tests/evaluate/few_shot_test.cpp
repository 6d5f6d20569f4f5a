// SPDX-License-Identifier: Apache-2.0
#include "twinear/few_shot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/expect_error.h"
#include "base/files.h"
#include "base/random.h"
#include "base/threads.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

/// `classes` of `clips` each, in mixed order.
Manifest corpus(int classes, int clips) {
  std::vector<Clip> all;
  for (int clip = 0; clip < clips; ++clip)
    for (int label = 0; label < classes; ++label) {
      Clip c;
      c.label = "class" + std::to_string(label);
      c.name = c.path = c.label + "/" + std::to_string(clip) + ".wav";
      all.push_back(c);
    }
  return make_manifest(std::move(all));
}

/// A center for each class and clips around it.
Matrix embeddings(const Manifest& manifest, double spread) {
  constexpr std::size_t d = 8;
  Matrix e(manifest.clips.size(), d), centers(manifest.labels.size(), d);
  Random random(3, Purpose::test);
  for (float& x : centers.values()) x = static_cast<float>(random.normal());
  for (std::size_t i = 0; i < e.rows(); ++i)
    for (std::size_t k = 0; k < d; ++k)
      e.row(i)[k] = centers.row(static_cast<std::size_t>(manifest.label_of[i]))[k] +
                    static_cast<float>(spread * random.normal());
  return e;
}

TEST(FewShot, TheIntervalIsOverEpisodesWithTheSampleDeviation) {
  const std::vector<double> a{0.8, 0.6, 1, 0.4, 0.8, 0.8, 0.6, 1, 0.2, 0.8};
  EXPECT_NEAR(few_shot_accuracy(a).mean, 0.7, 1e-12);
  EXPECT_NEAR(few_shot_accuracy(a).half_interval, 0.1573435024962193, 1e-12);
  EXPECT_TRUE(std::isnan(few_shot_accuracy(std::vector<double>{0.5}).half_interval));
  EXPECT_THROW(few_shot_accuracy({}), std::invalid_argument);
  // 40 queries without an error still allow 8.8 %; 20 of 40 right are 50 % +- 14.8 (Wilson 1927).
  EXPECT_NEAR(few_shot_accuracy(std::vector<double>(4, 1.0), 10).half_interval, 0.0876, 1e-4);
  EXPECT_NEAR(few_shot_accuracy(std::vector<double>{0.5}, 40).half_interval, 0.1480, 1e-4);
  EXPECT_NEAR(few_shot_accuracy(a, 10).half_interval, 0.1573435024962193, 1e-12);
}

TEST(FewShot, EpisodesAreWhatWasAskedForAndDisjoint) {
  const Manifest manifest = corpus(9, 12);
  const auto episodes =
      draw_episodes(manifest, {.way = 5, .shot = 3, .query = 4, .episodes = 200, .seed = 1});
  ASSERT_EQ(episodes.size(), 200U);
  std::set<int> classes;
  for (const auto& e : episodes) {
    ASSERT_EQ(e.support.size(), 15U);
    ASSERT_EQ(e.query.size(), 20U);
    classes.insert(e.classes.begin(), e.classes.end());
    EXPECT_EQ(std::set(e.classes.begin(), e.classes.end()).size(), 5U);
    std::set<std::size_t> clips(e.support.begin(), e.support.end());
    clips.insert(e.query.begin(), e.query.end());
    EXPECT_EQ(clips.size(), 35U);
    for (std::size_t i = 0; i < 15; ++i)
      EXPECT_EQ(manifest.label_of[e.support[i]], e.classes[i / 3]);
    for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(manifest.label_of[e.query[i]], e.classes[i / 4]);
  }
  EXPECT_EQ(classes.size(), 9U);
}

TEST(FewShot, EpisodesFollowTheSeedAndNotTheThreads) {
  const Manifest manifest = corpus(6, 10);
  const EpisodeOptions options{.way = 3, .shot = 2, .query = 5, .episodes = 40, .seed = 7};
  const auto many = draw_episodes(manifest, options);
  const Matrix e = embeddings(manifest, 1.5);
  const auto accuracies = few_shot_accuracies(e, many, Classifier::neighbor);
  auto other = options;
  other.seed = 8;
  EXPECT_NE(draw_episodes(manifest, other), many);
  const ThreadLimit one(1);
  EXPECT_EQ(draw_episodes(manifest, options), many);
  EXPECT_EQ(few_shot_accuracies(e, many, Classifier::neighbor), accuracies);
}

TEST(FewShot, RefusesACorpusThatIsTooSmall) {
  expect_error([] { draw_episodes(corpus(4, 20), {}); }, Fault::config,
               "4 classes; 5-way episodes need 5");
  expect_error([] { draw_episodes(corpus(5, 15), {}); }, Fault::config,
               "class \"class0\": found 15 clips; expected 1 for support and 15 for queries");
  auto twice = corpus(5, 16).clips;
  twice.push_back(twice.front());
  expect_error([&] { draw_episodes(make_manifest(twice), {}); }, Fault::format,
               "class0/0.wav: is listed twice among the clips");
  twice.back().start = 1.5;  // another part of the file
  EXPECT_NO_THROW(draw_episodes(make_manifest(twice), {}));
  EXPECT_THROW(draw_episodes(corpus(5, 16), {.way = 1}), std::invalid_argument);
}

TEST(FewShot, SavedEpisodesAreReadAgainAndChecked) {
  const TemporaryFolder folder;
  const Manifest manifest = corpus(5, 6);
  const auto episodes =
      draw_episodes(manifest, {.way = 2, .shot = 1, .query = 2, .episodes = 10, .seed = 0});
  const std::string path = folder / "e.jsonl";
  write_episodes(path, episodes, manifest);
  EXPECT_EQ(read_episodes(path, manifest), episodes);
  const std::string head = "{\"format\":\"twinear episodes 1\"}\n";
  const auto refused = [&](const std::string& text, Fault fault, const std::string& message) {
    put(path, text);
    expect_error([&] { read_episodes(path, manifest); }, fault, path + message);
  };
  const auto episode = [](const char* support, const char* query) {
    return std::string("{\"classes\":[\"class0\",\"class1\"],\"support\":[") + support +
           "],\"query\":[" + query + "]}\n";
  };
  const char* fine = "\"class0/0.wav\",\"class1/0.wav\"";
  refused(head + episode(fine, fine), Fault::format, ":2: class0/0.wav: is listed twice");
  refused(head + episode(fine, "\"class1/1.wav\",\"class0/1.wav\""), Fault::format,
          ":2: class1/1.wav: is not of its class");
  refused(head + episode(fine, "\"class0/9.wav\",\"class1/1.wav\""), Fault::mismatch,
          ":2: clip \"class0/9.wav\" is not in the manifest");
  refused(head + episode(fine, "\"class0/1.wav\""), Fault::format,
          ":2: expected equally many clips of each class");
  refused(head + "{}\n", Fault::format, ":2: not an episode");
  refused("{\"format\":\"x\"}\n", Fault::format, ":1: expected format \"twinear episodes 1\"");
  refused(head, Fault::format, ": no episodes");
}

// One dimension decides by hand: support at 10 and 80 degrees, and at 50 for the second class.
TEST(FewShot, CentroidAndNeighborDecideAsTheySay) {
  std::vector<Clip> clips(6);
  const char* labels[] = {"a", "a", "b", "b", "a", "b"};
  const double degrees[] = {10, 80, 55, 60, 50, 62};
  Matrix e(6, 2);
  for (std::size_t i = 0; i < 6; ++i) {
    clips[i].name = std::to_string(i);
    clips[i].label = labels[i];
    e.row(i)[0] = static_cast<float>(7 * std::cos(degrees[i] * M_PI / 180));
    e.row(i)[1] = static_cast<float>(7 * std::sin(degrees[i] * M_PI / 180));
  }
  const std::vector<Episode> episode{{{0, 1}, {0, 1, 2, 3}, {4, 5}}};
  // Centroids at 45 and 57.5 degrees; neighbors of 50 and 62 degrees at 55 and 60.
  EXPECT_EQ(few_shot_accuracies(e, episode, Classifier::centroid), (std::vector<double>{1.0}));
  EXPECT_EQ(few_shot_accuracies(e, episode, Classifier::neighbor), (std::vector<double>{0.5}));
}

TEST(FewShot, ShuffledLabelsGiveChance) {
  const Manifest manifest = corpus(15, 20);
  const Matrix e = embeddings(manifest, 0.6);
  const EpisodeOptions options{.episodes = 600, .seed = 2};
  for (const auto classifier : {Classifier::centroid, Classifier::neighbor}) {
    const auto episodes = draw_episodes(manifest, options), shuffled = shuffle_labels(episodes, 4);
    EXPECT_GT(few_shot_accuracy(few_shot_accuracies(e, episodes, classifier)).mean, 0.6);
    const auto chance = few_shot_accuracy(few_shot_accuracies(e, shuffled, classifier));
    EXPECT_NEAR(chance.mean, 0.2, chance.half_interval);
    for (std::size_t i = 0; i < episodes.size(); ++i) {
      auto before = episodes[i].support, after = shuffled[i].support;
      before.insert(before.end(), episodes[i].query.begin(), episodes[i].query.end());
      after.insert(after.end(), shuffled[i].query.begin(), shuffled[i].query.end());
      EXPECT_TRUE(std::ranges::is_permutation(before, after));
    }
  }
}

TEST(FewShot, EmbeddingsThatAreAllTheSameGiveChance) {
  const Manifest manifest = corpus(6, 16);
  Matrix same(manifest.clips.size(), 4);
  for (float& x : same.values()) x = 1;
  const auto episodes = draw_episodes(manifest, {.episodes = 50});
  EXPECT_DOUBLE_EQ(
      few_shot_accuracy(few_shot_accuracies(same, episodes, Classifier::centroid)).mean, 0.2);
}

TEST(FewShot, StandardizationIsOfTheBaseClasses) {
  const Manifest manifest = corpus(10, 20);
  Matrix e = embeddings(manifest, 0.5);
  Random random(6, Purpose::test);
  for (std::size_t i = 0; i < e.rows(); ++i)  // noise that drowns the other dimensions
    e.row(i)[0] = static_cast<float>(30 * random.normal());
  const auto episodes = draw_episodes(manifest, {.episodes = 100});
  const double plain =
      few_shot_accuracy(few_shot_accuracies(e, episodes, Classifier::centroid)).mean;
  const Standardization s = fit_standardization(e);
  Matrix z = e;
  s.apply(z);
  EXPECT_GT(few_shot_accuracy(few_shot_accuracies(z, episodes, Classifier::centroid)).mean,
            plain + 0.1);
  double square = 0, expected = 0;
  for (const float v : z.row(3)) square += static_cast<double>(v) * v;
  EXPECT_NEAR(square, 1, 1e-6);
  for (std::size_t k = 0; k < 8; ++k)
    expected += std::pow((e.row(3)[k] - s.mean[k]) / s.deviation[k], 2);
  EXPECT_NEAR(z.row(3)[5], (e.row(3)[5] - s.mean[5]) / s.deviation[5] / std::sqrt(expected), 1e-5);
  EXPECT_THROW(fit_standardization(Matrix(1, 3)), Error);
}

}  // namespace
}  // namespace twinear
