// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/encoder_spec.h"

/// The built-in architectures: the kind x is what x_architecture() returns.
#define TWINEAR_ARCHITECTURES(kind) \
  kind(compact) kind(xvector) kind(ecapa) kind(campplus) kind(resnet) kind(statistics) kind(layers)

namespace twinear {

#define TWINEAR_DECLARE(name) ArchitectureKind name##_architecture();
TWINEAR_ARCHITECTURES(TWINEAR_DECLARE)
#undef TWINEAR_DECLARE

/// An architecture whose options are a struct O that has `bins` and fields().
template <class O, EncoderSpec (*build)(const O&)>
class ArchitectureOf final : public Architecture {
 public:
  void keys(Fields& f) override { fields(f, options_); }
  EncoderSpec spec(int bins) const override {
    O options = options_;
    options.bins = bins;
    return build(options);
  }

 private:
  O options_;
};

/// The kind of such an architecture.
template <class O, EncoderSpec (*build)(const O&)>
ArchitectureKind architecture_kind(std::string name, std::string summary) {
  return {std::move(name), std::move(summary),
          [] { return std::make_unique<ArchitectureOf<O, build>>(); }};
}

/// The keys that several architectures have.
void embedding_field(Fields& f, int& embedding);
void input_norm_field(Fields& f, bool& input_norm);
/// A key for a number of channels.
void channels_field(Fields& f, const char* name, int& channels, const char* doc);

/// Adds layers to a description; each add returns the layer's name.
class SpecBuilder {
 public:
  SpecBuilder(std::string kind, int bins, bool input_norm = false);

  std::string add(const char* kind, const std::string& name, std::vector<std::string> inputs = {},
                  Values options = {});
  /// A convolution over time; an empty `input` means the layer before.
  std::string conv1d(const std::string& name, const std::string& input, Values options);
  /// A convolution without a bias, and batch norm; the norm's options follow.
  std::string normed(const std::string& name, const std::string& input, Values conv, bool relu);
  /// The usual end: linear layer "projection", onto the sphere unless `unit` is false.
  EncoderSpec end(int embedding, bool unit = true);
  /// Another end: batch norm without scale and shift, onto the sphere unless `unit` is false.
  EncoderSpec normed_end(bool unit);

 private:
  EncoderSpec spec_;
};

}  // namespace twinear
