// SPDX-License-Identifier: Apache-2.0
// The Python module `twinear`. It releases the GIL while C++ works. Arrays are not copied on their
// way out, nor on their way in if they are contiguous float32 (scores: float64).
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "twinear/calibration.h"
#include "twinear/error.h"
#include "twinear/metrics.h"
#include "twinear/verifier.h"

namespace py = pybind11;

namespace {

using twinear::Clip;
using twinear::Error;
using twinear::Fault;
using twinear::LogMel;
using twinear::Matrix;
using twinear::Scores;
using twinear::Verifier;
using twinear::Waveform;

using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Flags = py::array_t<bool, py::array::c_style>;
using Path = std::filesystem::path;           // str or os.PathLike
using Sound = std::variant<Path, py::array>;  // a file, or samples in [-1, 1]

/// Does C++ work without the GIL.
template <class Work>
auto unlocked(const Work& work) {
  const py::gil_scoped_release released;
  return work();
}

/// An array that owns `values`.
template <class T>
py::array_t<T> array(std::vector<T> values) {
  auto* kept = new std::vector<T>(std::move(values));
  const py::capsule owner(kept, [](void* p) { delete static_cast<std::vector<T>*>(p); });
  return py::array_t<T>(kept->size(), kept->data(), owner);
}

py::array_t<float> array(Matrix matrix) {
  auto* kept = new Matrix(std::move(matrix));
  const py::capsule owner(kept, [](void* p) { delete static_cast<Matrix*>(p); });
  return py::array_t<float>({kept->rows(), kept->cols()}, kept->values().data(), owner);
}

/// One channel of sound. Integers are refused, because their full scale is unknown.
Waveform waveform(const py::array& samples, int sample_rate) {
  if (samples.dtype().kind() != 'f' || samples.ndim() != 1)
    throw std::invalid_argument("samples: expected one row of floats in [-1, 1]");
  if (samples.size() == 0) throw std::invalid_argument("samples: expected at least one");
  if (sample_rate < 1000 || sample_rate > 768000)
    throw std::invalid_argument("sample_rate: expected 1000 to 768000 Hz");
  const Floats floats(samples);
  const std::span<const float> values(floats.data(), static_cast<std::size_t>(floats.size()));
  return {sample_rate, {values.begin(), values.end()}};
}

/// Which trials are of the same source: booleans, or 0 and 1.
Flags flags(const py::object& given) {
  const py::array target = py::array::ensure(given);
  if (!target) throw std::invalid_argument("target: expected booleans, or 0 and 1");
  if (target.dtype().kind() == 'b') return Flags(target);
  const Doubles numbers(target);
  Flags flags(std::vector<py::ssize_t>(numbers.shape(), numbers.shape() + numbers.ndim()));
  for (py::ssize_t i = 0; i < numbers.size(); ++i) {
    const double value = numbers.data()[i];
    if (value != 0 && value != 1)
      throw std::invalid_argument("target: expected booleans, or 0 and 1");
    flags.mutable_data()[i] = value == 1;
  }
  return flags;
}

Scores scores_of(const Doubles& scores, const py::object& given) {
  const Flags target = flags(given);
  if (scores.ndim() != 1 || target.ndim() != 1 || scores.size() != target.size())
    throw std::invalid_argument("scores and target: expected two rows of the same length");
  Scores split;
  for (py::ssize_t i = 0; i < scores.size(); ++i) {
    if (!std::isfinite(scores.data()[i]))
      throw Error(Fault::numeric, "scores: a score is not finite");
    (target.data()[i] ? split.target : split.nontarget).push_back(scores.data()[i]);
  }
  if (split.target.empty() || split.nontarget.empty())
    throw Error(Fault::format, "target: expected trials of both kinds");
  return split;
}

/// Computes f(scores) without the GIL.
template <class Figure>
double figure(const Doubles& scores, const py::object& target, const Figure& f) {
  const Scores split = scores_of(scores, target);
  return unlocked([&] { return f(split); });
}

Clip clip(const Sound& sound, std::optional<int> sample_rate, const twinear::FrontEnd& front_end) {
  if (const auto* path = std::get_if<Path>(&sound)) return twinear::clip_of_file(*path);
  return twinear::clip_of_samples(
      waveform(std::get<py::array>(sound), sample_rate.value_or(front_end.sample_rate)));
}

Matrix features_of(const LogMel& log_mel, const Sound& sound, std::optional<int> sample_rate) {
  const Clip one = clip(sound, sample_rate, log_mel.front_end());
  return unlocked([&] { return twinear::clip_features(one, log_mel).frames; });
}

py::object embed(const Verifier& model,
                 const std::variant<Path, py::array, std::vector<Path>>& sound,
                 std::optional<int> sample_rate) {
  if (const auto* paths = std::get_if<std::vector<Path>>(&sound)) {
    const std::vector<std::string> files(paths->begin(), paths->end());
    return array(unlocked([&] { return model.embed(twinear::clips_of_files(files)); }));
  }
  const auto* path = std::get_if<Path>(&sound);
  const Clip one = clip(path != nullptr ? Sound(*path) : Sound(std::get<py::array>(sound)),
                        sample_rate, model.model().front_end);
  return array(unlocked([&] { return model.embed(one); }));
}

twinear::Acceptance acceptance(std::optional<double> threshold) {
  return threshold ? twinear::Acceptance::at_score(*threshold) : twinear::Acceptance::even_odds();
}

twinear::Verdict verify(const Verifier& model, const Sound& a, const Sound& b,
                        std::optional<double> threshold, std::optional<int> sample_rate) {
  const auto& front_end = model.model().front_end;
  const Clip one = clip(a, sample_rate, front_end), other = clip(b, sample_rate, front_end);
  auto verdict = unlocked([&] { return model.compare(one, other, acceptance(threshold)); });
  if (!verdict.answered()) throw Error(twinear::Fault::format, "cannot tell: " + verdict.doubt);
  return verdict;
}

py::tuple score(const Verifier& model, const Path& trials, const std::string& root, bool llr) {
  std::vector<double> scores;
  std::vector<char> target;
  unlocked([&] {
    twinear::ScoreOptions options;
    options.root = root;
    options.llr = llr;
    for (const auto& trial : model.score(twinear::read_trials(trials), options)) {
      scores.push_back(trial.score);
      target.push_back(trial.trial.target ? 1 : 0);
    }
  });
  Flags flags(static_cast<py::ssize_t>(target.size()));
  std::copy(target.begin(), target.end(), flags.mutable_data());
  return py::make_tuple(array(std::move(scores)), flags);
}

double cosine(const Floats& a, const Floats& b) {
  if (a.ndim() != 1 || b.ndim() != 1 || a.size() != b.size())
    throw std::invalid_argument("cosine: expected two rows of the same length");
  const auto n = static_cast<std::size_t>(a.size());
  const double score = twinear::cosine({a.data(), n}, {b.data(), n});
  if (!std::isfinite(score)) throw Error(Fault::numeric, "cosine: a value is not finite");
  return score;
}

py::tuple det_curve(const Doubles& scores, const py::object& target) {
  const Scores split = scores_of(scores, target);
  std::vector<double> threshold, miss, false_alarm;
  unlocked([&] {
    for (const auto& point : twinear::det_curve(split)) {
      threshold.push_back(point.threshold);
      miss.push_back(point.miss);
      false_alarm.push_back(point.false_alarm);
    }
  });
  return py::make_tuple(array(std::move(threshold)), array(std::move(miss)),
                        array(std::move(false_alarm)));
}

void add_verdict(py::module_& m) {
  py::class_<twinear::Verdict>(m, "Verdict", "Whether two sounds have the same source.")
      .def_readonly("score", &twinear::Verdict::score, "the cosine of the two embeddings")
      .def_readonly("llr", &twinear::Verdict::llr, "the natural-log likelihood ratio, or None")
      .def_readonly("probability", &twinear::Verdict::probability,
                    "the probability of the same source at even prior odds, or None")
      .def_readonly("threshold", &twinear::Verdict::threshold, "the threshold on the score")
      .def_readonly("threshold_from", &twinear::Verdict::threshold_from,
                    "where the threshold comes from")
      .def_readonly("same", &twinear::Verdict::same, "whether the score is at least the threshold")
      .def("__bool__", [](const twinear::Verdict& v) { return v.same; })
      .def("__repr__", [](const twinear::Verdict& v) {
        return py::str("Verdict(same={}, score={:.4f}, threshold={:.4f})")
            .format(v.same, v.score, v.threshold);
      });
}

void add_model(py::module_& m) {
  py::class_<Verifier>(m, "Model", "A trained model. Threads may share it.")
      .def(py::init([](const Path& path) {
             return unlocked([&] { return Verifier::load(twinear::find_model(path)); });
           }),
           py::arg("path"))
      .def_property_readonly("dimension",
                             [](const Verifier& v) { return v.model().encoder.dimension(); })
      .def_property_readonly("bins", [](const Verifier& v) { return v.model().front_end.mel_bins; })
      .def_property_readonly("sample_rate",
                             [](const Verifier& v) { return v.model().front_end.sample_rate; })
      .def_property_readonly("id", [](const Verifier& v) { return v.model().id; })
      .def_property_readonly("source", [](const Verifier& v) { return v.model().source; })
      .def_property_readonly("calibrated",
                             [](const Verifier& v) { return v.model().calibration.has_value(); })
      .def(
          "embed", embed, py::arg("sound"), py::arg("sample_rate") = py::none(),
          "Embeds a file or samples in [-1, 1]; of a list of files it embeds each to a row, on all "
          "cores.")
      .def(
          "features",
          [](const Verifier& v, const Sound& sound, std::optional<int> sample_rate) {
            return array(features_of(LogMel(v.model().front_end), sound, sample_rate));
          },
          py::arg("sound"), py::arg("sample_rate") = py::none(),
          "Computes the features that the encoder takes: frames x mel bins.")
      .def("verify", verify, py::arg("a"), py::arg("b"), py::arg("threshold") = py::none(),
           py::arg("sample_rate") = py::none(),
           "Decides whether two sounds, files or samples in [-1, 1], have the same source. Raises "
           "Error where it cannot be told, for example because one holds no speech.")
      .def(
          "decide",
          [](const Verifier& v, double score, std::optional<double> threshold) {
            return v.decide(score, acceptance(threshold));
          },
          py::arg("score"), py::arg("threshold") = py::none(), "Decides by a score.")
      .def("score", score, py::arg("trials"), py::arg("root") = "", py::arg("llr") = false,
           "Scores a trial list in the format of VoxCeleb or Kaldi, whose files are in `root`; "
           "returns "
           "(scores, target).");
}

void add_metrics(py::module_& m) {
  m.def(
      "eer",
      [](const Doubles& s, const py::object& t) {
        return figure(s, t, [](const Scores& split) { return twinear::eer(split).rocch; });
      },
      py::arg("scores"), py::arg("target"),
      "The equal error rate on the ROC's convex hull, in [0, 1].");
  const auto dcf = [&m](const char* name, double (*cost)(const Scores&, const twinear::Task&),
                        const char* help) {
    m.def(
        name,
        [cost](const Doubles& s, const py::object& t, double p, double miss, double false_alarm) {
          return figure(s, t, [&](const Scores& split) {
            return cost(split, {p, miss, false_alarm});
          });
        },
        py::arg("scores"), py::arg("target"), py::arg("p_target") = 0.01, py::arg("c_miss") = 1.0,
        py::arg("c_false_alarm") = 1.0, help);
  };
  dcf("min_dcf", twinear::min_dcf, "The normalized detection cost at the best threshold.");
  dcf("act_dcf", twinear::act_dcf,
      "The normalized detection cost of log-likelihood ratios at the Bayes threshold.");
  m.def(
      "cllr", [](const Doubles& s, const py::object& t) { return figure(s, t, twinear::cllr); },
      py::arg("scores"), py::arg("target"), "The cost of log-likelihood ratios, in bits.");
  m.def(
      "min_cllr",
      [](const Doubles& s, const py::object& t) { return figure(s, t, twinear::min_cllr); },
      py::arg("scores"), py::arg("target"), "The Cllr after the best monotone map.");
  m.def("det_curve", det_curve, py::arg("scores"), py::arg("target"),
        "Returns (threshold, miss, false_alarm) at every distinct score and at infinity.");
}

}  // namespace

PYBIND11_MODULE(twinear, m) {
  m.doc() = "Siamese verification of speakers and sounds.";
  m.attr("__version__") = TWINEAR_VERSION;
  py::register_exception<Error>(m, "Error").attr("__doc__") =
      "Raised for a file, a model or a value that cannot be used; the text says which and why.";

  add_verdict(m);
  add_model(m);
  m.def(
      "features",
      [](const Sound& sound, std::optional<int> sample_rate, const std::string& preset) {
        return array(features_of(LogMel(twinear::front_end_preset(preset)), sound, sample_rate));
      },
      py::arg("sound"), py::arg("sample_rate") = py::none(), py::arg("front_end") = "kaldi",
      "Computes log-mel features of a file or of samples in [-1, 1]: frames x mel bins. The front "
      "ends are kaldi, wespeaker, sherpa, speechbrain, librosa and torchaudio.");
  m.def("cosine", cosine, py::arg("a"), py::arg("b"), "The score of two embeddings, their cosine.");
  add_metrics(m);
}
