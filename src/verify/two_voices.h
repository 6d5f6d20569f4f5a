// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "twinear/clip_features.h"
#include "twinear/matrix.h"

namespace twinear {

/// The parts of a clip whose embeddings tell whether two people speak in it.
inline constexpr std::size_t voice_parts = 4;

/// Cuts the frames in which somebody speaks, which are `hop` seconds apart, into voice_parts
/// stretches of the same length; gives none for a clip with less than 4 s of speech.
std::vector<Matrix> parts_of_speech(const ClipFeatures& clip, double hop);

/// The lowest cosine between the two halves into which the embeddings of voice_parts parts can be
/// dealt: of one voice it is high, of two that take turns or follow one another it is low. The
/// parts are the rows of `embeddings` from `first` on.
double lowest_cosine_of_halves(const Matrix& embeddings, std::size_t first);

}  // namespace twinear
