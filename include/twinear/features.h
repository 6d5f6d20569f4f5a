// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

/// Shapes of a frame's window over its N samples.
enum class Window { povey, hamming, hann, rectangular };

/// Where frame t lies once frames may reach beyond the clip (without FrontEnd::snip_edges).
enum class FrameAlignment {
  hop_middle,  ///< around the middle of hop t, as many as there are hops (rounded): Kaldi
  hop_start,   ///< around sample t * hop, one more than there are hops: torch, librosa
};

/// What is heard beyond the ends of a clip.
enum class Padding {
  symmetric,  ///< the clip mirrored, its edge sample said again: Kaldi
  reflect,    ///< the clip mirrored at its edge sample: torchaudio, librosa before 0.10
  zero,       ///< nothing: SpeechBrain, librosa
};

/// Scales on which the bands are equally spaced.
enum class MelScale {
  htk,     ///< 2595 log10(1 + Hz / 700), which is Kaldi's 1127 ln(1 + Hz / 700)
  slaney,  ///< linear up to 1 kHz, then logarithmic: librosa
};

/// The axis on which a band is a triangle.
enum class FilterShape {
  mel,           ///< the mel scale: Kaldi
  hz,            ///< hertz: torchaudio, librosa
  hz_symmetric,  ///< hertz, and as wide above its peak as below: SpeechBrain
};

/// What is taken of each band's energy (or magnitude, where FrontEnd::power is 1).
enum class LogScale {
  natural,  ///< ln
  db,       ///< 10 log10 of an energy, 20 log10 of a magnitude
  none,     ///< itself
};

/// What is subtracted from the frames of a clip.
enum class Norm {
  none,              ///< nothing
  per_bin,           ///< each band's mean over the clip
  global,            ///< one mean over all bands and frames of the clip
  sliding,           ///< each band's mean over a window of frames: SlidingNorm
  per_bin_variance,  ///< each band's mean, then divided by its deviation
};

/// The window of Norm::sliding, as in Kaldi's apply-cmvn-sliding. It is shifted, not shortened,
/// where it would reach beyond the clip.
struct SlidingNorm {
  int frames = 300;       ///< its length
  bool centered = true;   ///< around the frame; otherwise the frames before it and itself
  int min_frames = 100;   ///< frames in a window that is not centered, where the clip has as many
  bool variance = false;  ///< also divides by the deviation; a window of one frame gives 0

  bool operator==(const SlidingNorm&) const = default;
};

/// Which frames of a clip are kept.
enum class Vad {
  none,    ///< all
  energy,  ///< those that VadOptions find voiced
};

/// Kaldi's energy-based voice activity detection, with the values of its VoxCeleb recipe.
struct VadOptions {
  double threshold = 5.5;   ///< of a frame's log energy, natural, in 16-bit samples; to it is added
  double mean_scale = 0.5;  ///< this part of the clip's mean log energy
  int context = 2;          ///< frames on either side that are looked at
  double proportion = 0.12;  ///< of them, that must lie above the threshold
  double min_seconds = 0.5;  ///< of speech, that are enough

  bool operator==(const VadOptions&) const = default;
};

/// How sound becomes frames: the whole specification, a value that travels inside every model.
/// The defaults are Kaldi's `compute-fbank-feats` with 80 bins, without dither; the other dialects
/// are presets: the same fields with other values.
struct FrontEnd {
  std::string preset = "kaldi";  ///< the name that these values started from
  int sample_rate = 16000;       ///< Hz
  double window_ms = 25.0;       ///< length of one frame
  double hop_ms = 10.0;          ///< step from a frame to the next
  Window window = Window::povey;
  bool periodic_window = false;  ///< its period is N samples; otherwise N - 1, with equal ends
  double preemphasis = 0.97;     ///< in [0, 1], within each frame
  bool remove_dc = true;         ///< subtract each frame's mean before all else
  double dither = 0.0;           ///< deviation of noise added to each frame, in `scale`d samples
  int fft_size = 0;              ///< samples; 0 means the next power of two
  int mel_bins = 80;             ///< columns of the result
  double low_hz = 20.0;          ///< lower edge of the first band
  double high_hz = 0.0;  ///< upper edge of the last; 0 means Nyquist, negative: below Nyquist
  MelScale mel_scale = MelScale::htk;
  FilterShape filter_shape = FilterShape::mel;
  bool area_norm = false;  ///< a band's weights are divided by half its width in Hz
  bool snip_edges = true;  ///< only frames that lie wholly in the clip
  FrameAlignment frame_alignment = FrameAlignment::hop_middle;  ///< without snip_edges
  Padding padding = Padding::symmetric;                         ///< without snip_edges
  double scale = 32768.0;  ///< samples in [-1, 1] are multiplied by this first
  int power = 2;           ///< 2: energies, 1: magnitudes
  LogScale log = LogScale::natural;
  double floor = 0.0;   ///< least value that the log is taken of; 0: 2^-23 (natural), 1e-10 (db)
  double top_db = 0.0;  ///< lowest value, in dB under the clip's highest; 0: no limit
  Norm norm = Norm::none;
  SlidingNorm sliding = {};
  Vad vad = Vad::none;  ///< after `norm`, whose means are of all frames, as in Kaldi's recipes
  VadOptions vad_options = {};

  bool operator==(const FrontEnd&) const = default;
};

/// The values of a dialect by its name: kaldi, wespeaker, sherpa, speechbrain, librosa or
/// torchaudio. Throws Error (config), with the nearest known name, for any other.
FrontEnd front_end_preset(const std::string& name);

class FbankComputer;

/// Log-mel energies: mono samples in [-1, 1] at FrontEnd::sample_rate in, one row of
/// FrontEnd::mel_bins per frame out, normalized as FrontEnd::norm says, and of the frames that
/// FrontEnd::vad keeps.
///
/// The steps and their order are Kaldi's (feature-window.cc, feature-fbank.cc,
/// mel-computations.cc). Calls may run in parallel; `seed` matters only with dither.
class LogMel {
 public:
  /// Throws Error (config) for values that no front end can have, e.g. more bands than FFT bins.
  explicit LogMel(const FrontEnd& front_end = {});
  LogMel(LogMel&&) noexcept;
  LogMel& operator=(LogMel&&) noexcept;
  ~LogMel();

  /// frames x bins, of samples in [-1, 1] at the front end's rate; `seed` is of the dither.
  Matrix operator()(std::span<const float> samples, std::uint64_t seed = 0) const;

  /// Frames in `samples` samples; FrontEnd::vad may keep fewer. With snip_edges, fewer samples than
  /// one window give none.
  std::size_t frames(std::size_t samples) const noexcept;

  const FrontEnd& front_end() const noexcept;
  const FbankComputer& computer() const noexcept {
    return *computer_;
  }  ///< the tables, for the library

 private:
  std::unique_ptr<const FbankComputer> computer_;
};

/// The frames of a clip whose samples come piece by piece: bit for bit those of LogMel on the whole
/// clip, however it is cut. Memory holds a window of samples, not the clip.
///
/// A frame is given with its last sample; with Padding::reflect the first waits one sample more.
/// Norm::sliding adds its own wait: half its window where that is centered (for the first frames a
/// whole one), otherwise SlidingNorm::least frames at the start and none after.
/// A stream belongs to one thread.
class LogMelStream {
 public:
  /// Throws Error (config) as LogMel, and for a front end that must see the whole clip first.
  explicit LogMelStream(const FrontEnd& front_end = {}, std::uint64_t seed = 0);
  LogMelStream(LogMelStream&&) noexcept;
  LogMelStream& operator=(LogMelStream&&) noexcept;
  ~LogMelStream();

  /// Takes the next samples, any number; gives the frames that they complete.
  Matrix push(std::span<const float> samples);

  /// The clip has ended: gives its last frames. The next push begins another clip.
  Matrix finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether a clip holds speech to work with.
enum class SpeechAmount {
  enough,
  too_little,  ///< less than VadOptions::min_seconds
  none,        ///< no frame is voiced
  no_frames,   ///< the clip is shorter than one window
};

/// Where the speech of a clip is.
struct Speech {
  std::vector<bool> voiced;  ///< for each of LogMel's frames
  double seconds = 0;        ///< of the voiced frames, a hop each
  double total_seconds = 0;  ///< of all frames
  SpeechAmount amount = SpeechAmount::no_frames;
};

/// Decides for each frame that `front_end` cuts `samples`, in [-1, 1], into, by its vad_options.
/// Never throws for what is in them: Speech::amount says where there is too little.
Speech find_speech(std::span<const float> samples, const FrontEnd& front_end = {});

/// The same from the frames' log energies, `hop_seconds` apart.
Speech find_speech(std::span<const float> log_energies, double hop_seconds,
                   const VadOptions& options = {});

/// The voiced rows of a clip's frames. Throws std::invalid_argument where their numbers differ.
Matrix voiced_frames(const Matrix& frames, const Speech& speech);

}  // namespace twinear
