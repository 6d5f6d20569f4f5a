// SPDX-License-Identifier: Apache-2.0
// Pieces of ONNX that several layers are made of. Each returns the name of what it gives.
#pragma once

#include "nn/moments.h"
#include "twinear/onnx.h"
#include "twinear/tensor.h"

namespace twinear::nn::onnx {

/// A parameter as a constant "layer.parameter", in its own shape or in another.
std::string weights(OnnxBuilder& graph, const std::string& layer, const Parameter& p);
std::string weights(OnnxBuilder& graph, const std::string& layer, const Parameter& p,
                    const OnnxBuilder::Sizes& shape);

/// max(x, min), number by number.
std::string at_least(OnnxBuilder& graph, const std::string& x, double min, const std::string& name);

/// Means over the frames.
std::string mean(OnnxBuilder& graph, const std::string& x, const std::string& name);

/// sqrt(max(variance, min_variance)), named "layer.deviation".
std::string deviation(OnnxBuilder& graph, const std::string& variance, double min_variance,
                      const std::string& layer);

/// Mean and deviation over the frames.
OnnxBuilder::Names moments(OnnxBuilder& graph, const std::string& x, const Deviation& how,
                           const std::string& layer);

/// Channels side by side.
std::string concat(OnnxBuilder& graph, const OnnxBuilder::Names& in, const std::string& name);

/// Vectors of [clips, n, 1] made unit vectors; one that is all but 0 stays as small.
std::string unit(OnnxBuilder& graph, const std::string& x, const std::string& name);

}  // namespace twinear::nn::onnx
