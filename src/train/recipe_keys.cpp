// SPDX-License-Identifier: Apache-2.0
#include "train/recipe_keys.h"

#include <fmt/format.h>

#include <type_traits>

#include "augment/augmenter.h"
#include "base/key_table.h"
#include "features/front_end.h"
#include "metric/loss_keys.h"
#include "train/recipe.h"
#include "twinear/encoder.h"
#include "twinear/layer.h"
#include "twinear/miner.h"

namespace twinear {
namespace {

template <class T>
std::string section(const char* name, const T& options) {
  return fmt::format("\n## [{}]\n\n{}", name, key_table(options));
}

/// The keys of an architecture or a layer, as keys() visits them.
template <class T>
struct OwnKeys {
  T& object;
};
template <class T>
void fields(Fields& f, OwnKeys<T>& keys) {
  keys.object.keys(f);
}

template <class Kind>
std::string own_keys(const char* heading, const Kind& kind) {
  const auto object = kind.make();
  const std::string keys = key_table(OwnKeys<std::remove_reference_t<decltype(*object)>>{*object});
  return fmt::format("\n### {} = \"{}\"\n\n{}", heading, kind.name,
                     keys.empty() ? "It has no keys of its own.\n" : keys);
}

std::string encoder_section() {
  std::string text =
      fmt::format("\n## [encoder]\n\n`encoder.kind`, by default `\"{}\"`, is one of\n\n{}",
                  EncoderOptions().kind, kind_table(architectures()));
  for (const ArchitectureKind& kind : architectures()) text += own_keys("encoder.kind", kind);
  text +=
      "\n## [[encoder.layers]]\n\nWith `encoder.kind = \"layers\"` each layer has a `kind`, and "
      "may "
      "have a `name` and `inputs`, the names of layers\nbefore it; without `inputs` it reads the "
      "one "
      "before it. The kinds are\n\n" +
      kind_table(nn::layers());
  for (const nn::LayerKind& kind : nn::layers()) text += own_keys("kind", kind);
  return text;
}

std::string loss_section() {
  std::string text =
      fmt::format("\n## [loss] and [mining]\n\n`loss.kind`, by default `\"{}\"`, is one of\n\n{}",
                  LossOptions().kind, kind_table(losses()));
  for (const LossKind& kind : losses()) {
    const auto loss = kind.make();
    const BatchNeed need = loss->needs();
    text +=
        fmt::format("\n### loss.kind = \"{}\"\n\nIt needs sampler.clips of at least {}: {}.{}{}\n",
                    kind.name, need.clips, need.why, need.teacher ? " It needs a [teacher]." : "",
                    need.labels == LabelUse::none ? " Clips need no label." : "");
    text += fmt::format("\n{}", key_table(LossKeys{*loss}));
    if (const std::string mining = key_table(MiningKeys{*loss}); !mining.empty())
      text += fmt::format("\nIn [mining]:\n\n{}", mining);
  }
  return text + fmt::format("\n### Miners of triplets\n\n{}\n### Miners of pairs\n\n{}",
                            kind_table(triplet_miners()), kind_table(pair_miners()));
}

}  // namespace

std::string recipe_keys() {
  const Recipe recipe;
  return "# Keys of a recipe\n\n"
         "The program wrote this page (`twinear recipe-keys > docs/recipe_keys.md`) from the code "
         "that "
         "reads recipes.\nA path starts from the folder of the recipe.\n" +
         section("front_end", recipe.front_end) + section("augment", recipe.augment) +
         encoder_section() + loss_section() + section("teacher", recipe.teacher) +
         section("sampler", recipe.sampler) + section("optimizer", recipe.optimizer) +
         fmt::format("\n### Schedules\n\n{}", kind_table(schedules())) +
         section("train", recipe.train) + section("data", recipe.data) +
         section("eval", recipe.eval);
}

}  // namespace twinear
