// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

/// The shape of the window that each frame is multiplied by.
enum class Window {
  povey,        ///< a Hann window to the power of 0.85, as in Kaldi
  hamming,      ///< 0.54 - 0.46 cos
  hann,         ///< 0.5 - 0.5 cos
  rectangular,  ///< all ones
};

/// Which sample frame t is centered on, where frames may reach beyond the clip (that is, without
/// FrontEnd::snip_edges).
enum class FrameAlignment {
  hop_middle,  ///< The middle of hop t. There are as many frames as hops, rounded (Kaldi).
  hop_start,   ///< Sample t * hop. There is one frame more than there are hops (torch, librosa).
};

/// Which samples a frame sees beyond the ends of the clip.
enum class Padding {
  symmetric,  ///< The clip is mirrored and its edge sample is repeated (Kaldi).
  reflect,    ///< The clip is mirrored at its edge sample (torchaudio, librosa before 0.10).
  zero,       ///< All are zero (SpeechBrain, librosa).
};

/// The scale on which the mel filters are equally spaced.
enum class MelScale {
  htk,     ///< 2595 log10(1 + Hz / 700), which equals Kaldi's 1127 ln(1 + Hz / 700).
  slaney,  ///< Linear up to 1 kHz, then logarithmic, as in Slaney's Auditory Toolbox (librosa).
};

/// The axis on which the weights of a mel filter form a triangle.
enum class FilterShape {
  mel,           ///< The mel scale (Kaldi).
  hz,            ///< The frequency in hertz (torchaudio, librosa).
  hz_symmetric,  ///< Hertz, and the triangle is as wide above its peak as below (SpeechBrain).
};

/// What a front end gives for the energy of a mel bin (or its magnitude, where FrontEnd::power
/// is 1).
enum class LogScale {
  natural,  ///< The natural logarithm.
  db,       ///< Decibels: 10 log10 of an energy, 20 log10 of a magnitude.
  none,     ///< The energy or magnitude itself.
};

/// Which mean is subtracted from the frames of a clip (mean normalization).
enum class Norm {
  none,              ///< Nothing is subtracted.
  per_bin,           ///< The mean of each mel bin over the clip.
  global,            ///< One mean over all mel bins and frames of the clip.
  sliding,           ///< The mean of each mel bin over a window of frames: see SlidingNorm.
  per_bin_variance,  ///< The mean of each mel bin; the bin is then divided by its deviation.
};

/// The window of Norm::sliding, as in Kaldi's apply-cmvn-sliding. A window that would reach beyond
/// the clip is shifted into it, not shortened.
struct SlidingNorm {
  int frames = 300;       ///< Length of the window in frames, at least 1.
  bool centered = true;   ///< true: around the frame; false: the frames before it and the frame.
  int min_frames = 100;   ///< Shortest window that is not centered, if the clip has as many frames.
  bool variance = false;  ///< Also divides by the deviation; a window of one frame then gives 0.

  bool operator==(const SlidingNorm&) const = default;
};

/// Which frames of a clip are kept.
enum class Vad {
  none,    ///< All frames.
  energy,  ///< The frames that are voiced by VadOptions.
};

/// Kaldi's energy-based voice activity detection (compute-vad) with the values of its VoxCeleb
/// recipe. A frame is voiced if at least `proportion` of the frames around it lie above
/// `threshold + mean_scale * (mean log energy of the clip)`.
struct VadOptions {
  double threshold = 5.5;    ///< Natural log energy of a frame of 16-bit samples.
  double mean_scale = 0.5;   ///< Factor of the clip's mean log energy, at least 0.
  int context = 2;           ///< Frames that are looked at on either side.
  double proportion = 0.12;  ///< Fraction of the frames looked at that must lie above, in [0, 1].
  double min_seconds = 0.5;  ///< Minimum speech per clip in seconds.

  bool operator==(const VadOptions&) const = default;
};

/// How sound becomes frames. This is the whole specification, and every model carries it.
///
/// The defaults are Kaldi's `compute-fbank-feats` with 80 mel bins and without dither. The other
/// dialects are presets, which set the same fields to other values: see front_end_preset(). LogMel
/// and LogMelStream refuse values outside of the ranges that are given here.
struct FrontEnd {
  std::string preset = "kaldi";  ///< Name of the preset that these values started from.
  int sample_rate = 16000;       ///< Hz, from 1000 to 768000.
  double window_ms = 25.0;       ///< Length of a frame in milliseconds, from 0.1 to 1000.
  double hop_ms = 10.0;          ///< Milliseconds from one frame to the next, from 0.1 to 1000.
  Window window = Window::povey;
  bool periodic_window = false;  ///< true: the period is N samples; false: N - 1, with equal ends.
  double preemphasis = 0.97;     ///< Factor of the sample before, within a frame, in [0, 1].
  bool remove_dc = true;         ///< Subtracts the mean of each frame before all other steps.
  double dither = 0.0;   ///< Deviation of the noise added to each frame, in samples times `scale`.
  int fft_size = 0;      ///< Samples; 0 means the window's length rounded up to a power of two.
  int mel_bins = 80;     ///< Columns of the result, from 1 to 4096.
  double low_hz = 20.0;  ///< Lower edge of the first mel filter, in Hz.
  double high_hz = 0.0;  ///< Upper edge of the last one, in Hz; 0 or less is added to Nyquist.
  MelScale mel_scale = MelScale::htk;
  FilterShape filter_shape = FilterShape::mel;
  bool area_norm = false;  ///< Divides the weights of a filter by half its width in Hz.
  bool snip_edges = true;  ///< Only frames that lie wholly within the clip are given.
  FrameAlignment frame_alignment = FrameAlignment::hop_middle;  ///< Used without snip_edges.
  Padding padding = Padding::symmetric;                         ///< Used without snip_edges.
  double scale = 32768.0;  ///< Samples in [-1, 1] are multiplied by this first.
  int power = 2;           ///< 2: mel filters weigh energies; 1: magnitudes.
  LogScale log = LogScale::natural;
  double floor = 0.0;   ///< Lower bound before the log; 0 means 2^-23 (natural) or 1e-10 (db).
  double top_db = 0.0;  ///< Values this far (dB) below the clip's highest are raised; 0: none.
  Norm norm = Norm::none;
  SlidingNorm sliding = {};  ///< Used with Norm::sliding.
  Vad vad = Vad::none;       ///< Applied after `norm`, whose means are of all frames (Kaldi).
  VadOptions vad_options = {};

  bool operator==(const FrontEnd&) const = default;
};

/// The front end of a published toolkit: kaldi, wespeaker, sherpa, speechbrain, librosa or
/// torchaudio. Throws Error (config) for another name; the message suggests the nearest one.
FrontEnd front_end_preset(const std::string& name);

class FbankComputer;

/// Computes log-mel features of whole clips.
///
/// The steps and their order are Kaldi's (feature-window.cc, feature-fbank.cc,
/// mel-computations.cc). An object holds tables only: threads may share it, and copies are cheap.
class LogMel {
 public:
  /// Throws Error (config) for values out of range or that contradict each other, for example more
  /// mel bins than FFT bins.
  explicit LogMel(const FrontEnd& front_end = {});

  /// The features of mono `samples` in [-1, 1] at FrontEnd::sample_rate: frames x mel bins, after
  /// FrontEnd::norm and FrontEnd::vad. `seed` seeds the dither and has no effect without it. Too
  /// few samples for a frame give a matrix without rows.
  Matrix operator()(std::span<const float> samples, std::uint64_t seed = 0) const;

  /// The number of frames of `samples` samples before FrontEnd::vad, which may keep fewer.
  std::size_t frames(std::size_t samples) const noexcept;

  /// The specification that this object computes.
  const FrontEnd& front_end() const noexcept;

  /// The tables, for other parts of this library. Programs cannot use them.
  const FbankComputer& computer() const noexcept { return *computer_; }

 private:
  std::shared_ptr<const FbankComputer> computer_;
};

/// Computes log-mel features of a clip whose samples come piece by piece. The frames equal those of
/// LogMel on the whole clip bit for bit, however the clip is cut. Memory holds the samples that a
/// later frame needs, not the clip.
///
/// push() returns a frame as soon as its last sample has come; with Padding::reflect the first
/// frame waits one sample longer. Norm::sliding delays frames further: by half its window where it
/// is centered (the first frames by a whole window), otherwise until SlidingNorm::min_frames frames
/// have come. One thread at a time may use a stream.
class LogMelStream {
 public:
  /// Throws Error (config) as LogMel does, and for a front end that needs the whole clip before it
  /// can give a frame (`top_db`, `vad`, and every norm but none and sliding). `seed` seeds the
  /// dither.
  explicit LogMelStream(const FrontEnd& front_end = {}, std::uint64_t seed = 0);
  LogMelStream(LogMelStream&&) noexcept;
  LogMelStream& operator=(LogMelStream&&) noexcept;
  ~LogMelStream();

  /// Takes the next samples, any number of them, and returns the frames that they complete
  /// (frames x mel bins, perhaps without rows).
  Matrix push(std::span<const float> samples);

  /// Ends the clip and returns its last frames. The next push() begins a new clip.
  Matrix finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How much speech find_speech() found in a clip.
enum class SpeechAmount {
  enough,      ///< At least VadOptions::min_seconds.
  too_little,  ///< Less than VadOptions::min_seconds.
  none,        ///< No frame is voiced.
  no_frames,   ///< The clip is too short for a frame.
};

/// Where the speech of a clip is.
struct Speech {
  std::vector<bool> voiced;  ///< One value for each frame that LogMel gives without a vad.
  double seconds = 0;        ///< Duration of the voiced frames, one hop each.
  double total_seconds = 0;  ///< Duration of all frames, one hop each.
  SpeechAmount amount = SpeechAmount::no_frames;
};

/// Decides for each frame of `samples` (mono, in [-1, 1], at FrontEnd::sample_rate) whether it is
/// voiced, by FrontEnd::vad_options. Silence is no error: Speech::amount tells it. Throws
/// Error (config) as LogMel does.
Speech find_speech(std::span<const float> samples, const FrontEnd& front_end = {});

/// Decides whether frames are voiced, given their natural log energies (of 16-bit samples), which
/// are `hop_seconds` apart.
Speech find_speech(std::span<const float> log_energies, double hop_seconds,
                   const VadOptions& options = {});

/// The rows of `frames` that are voiced, in their order. Throws std::invalid_argument unless
/// `speech` has one value for each row.
Matrix voiced_frames(const Matrix& frames, const Speech& speech);

}  // namespace twinear
