// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "twinear/fields.h"
#include "twinear/onnx.h"
#include "twinear/registry.h"
#include "twinear/tensor.h"

namespace twinear::nn {

enum class Mode { training, inference };

/// A layer made ready for one batch shape: it computes from its inputs to its output and back.
///
/// forward(batch) and backward(batch) run in parallel over micro-batches. An op that needs the
/// whole batch first (batch norm's statistics) says so by needs_batch(): then collect() is called
/// for every micro-batch, reduce() once, alone, and only then forward(); likewise on the way back.
class Op {
 public:
  virtual ~Op() = default;

  /// Called before each forward pass, alone: computes what follows from weights and lengths.
  virtual void begin() {}
  virtual bool needs_batch() const { return false; }
  virtual void collect(const MicroBatch&) {}
  virtual void reduce() {}
  /// Writes the output's values, zeros in its padding.
  virtual void forward(const MicroBatch& batch) = 0;

  virtual void collect_backward(const MicroBatch&) {}
  virtual void reduce_backward() {}
  /// Writes the gradient of each input that wants one, and keeps those of the parameters for end().
  virtual void backward(const MicroBatch& batch) = 0;
  /// Called after each backward pass, alone: adds to the parameters' gradients.
  virtual void end() {}
};

/// Where a layer may be in an encoder.
enum class Place {
  anywhere,
  pooling,         ///< makes one frame of a clip's frames; an encoder has one of them
  behind_pooling,  ///< takes one frame a clip
};

/// A layer: its options, its sizes and its weights. Many ops may share one, which is all that
/// "Siamese" means. A layer is made by its kind, configured, built, and then used; ops of inference
/// may be prepared and run from several threads at once.
class Layer {
 public:
  virtual ~Layer() = default;
  /// Visits the options: their names, ranges and values, as recipes and model files have them.
  virtual void keys(Fields&) {}
  /// Checks options and inputs, fixes the sizes and makes the weights. Called once. Throws Error
  /// (config) for what cannot be. Of the inputs' shapes the channels count; clips and frames are
  /// the same in all inputs.
  virtual void build(std::span<const Shape> in) { expect_inputs(in, 1, 1); }
  /// The output's shape for inputs of this shape.
  virtual Shape output(std::span<const Shape> in) const { return in[0]; }
  /// Valid frames of the output for a clip of so many.
  virtual std::size_t output_length(std::size_t length) const { return length; }
  virtual std::size_t stride() const { return 1; }  ///< input frames for each output frame
  virtual Place place() const { return Place::anywhere; }
  /// How the output is stored: the first input is stored as `in`, the outputs of convolutions over
  /// frames as `convolved`. From the pooling on all is f32, whatever this says.
  virtual Number stored_as(Number in, Number /*convolved*/) const { return in; }
  virtual std::span<Parameter> parameters() { return {}; }
  /// Multiply-adds of a forward pass.
  virtual double multiply_adds(std::span<const Shape>) const { return 0; }

  /// `out` has the output's shape. Inputs and output outlive the op, and so does the layer.
  virtual std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) = 0;
  /// Prepares, for inference, an op that does the work of `next` too; nullptr where it cannot.
  virtual std::unique_ptr<Op> prepare_fused(Layer& /*next*/, std::span<const Input> /*in*/,
                                            Activation& /*out*/) {
    return nullptr;
  }
  /// Adds the layer to an ONNX graph: its last node is called `name`, every other name in the graph
  /// begins with "name.". Returns `name`. Throws Error (config) unless the layer has such a form.
  virtual std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                              const OnnxBuilder::Names& in) const;

  /// Counts changes of the weights, so that an op knows when what it computed from them is stale.
  std::uint64_t version = 1;

 protected:
  // Each throws Error (config) unless what it says holds.
  enum class Maps { refused, taken };
  /// From min to max inputs, either all without maps or, where those are taken, all with maps of as
  /// many bands.
  static void expect_inputs(std::span<const Shape> in, std::size_t min, std::size_t max,
                            Maps maps = Maps::refused);
  static void expect_channels(std::span<const Shape> inputs, std::size_t channels);
  static void expect_range(const char* option, std::size_t value, std::size_t max);  ///< from 1
  static void expect_weights(std::size_t count);  ///< not too many; call it before make_parameter()
};

/// Makes the op for the type of number that is stored: OpOf<float> or OpOf<BFloat16>.
template <template <class> class OpOf, class... Arguments>
std::unique_ptr<Op> make_op(Number number, Arguments&&... arguments) {
  if (number == Number::bf16)
    return std::make_unique<OpOf<BFloat16>>(std::forward<Arguments>(arguments)...);
  return std::make_unique<OpOf<float>>(std::forward<Arguments>(arguments)...);
}

/// A kind of layer, as descriptions of encoders name it.
struct LayerKind {
  std::string name;
  std::string summary;                           ///< a phrase, without a full stop
  std::function<std::unique_ptr<Layer>()> make;  ///< with the defaults of its options
};

/// For LayerKind::make, where the layer's class has a default constructor.
template <class L>
std::unique_ptr<Layer> new_layer() {
  return std::make_unique<L>();
}

/// All kinds of layers, the built-in ones first. A program may add its own before it reads models
/// or recipes, and not while other threads use encoders.
Registry<LayerKind>& layers();

/// Makes, configures and builds a layer. Throws Error (config) for an unknown kind, for options
/// that the kind does not have and for inputs that do not fit.
std::unique_ptr<Layer> make_layer(const std::string& kind, const Values& options,
                                  std::span<const Shape> in);

}  // namespace twinear::nn
