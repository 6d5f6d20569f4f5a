// SPDX-License-Identifier: Apache-2.0
#include "twinear/c_api.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string_view>

#include "twinear/error.h"
#include "twinear/verifier.h"

struct twinear_model {
  explicit twinear_model(twinear::Verifier loaded)
      : verifier(std::move(loaded)), log_mel(verifier.model().front_end) {}
  twinear::Verifier verifier;
  twinear::LogMel log_mel;
};

namespace {

using twinear::Clip;
using twinear::Error;
using twinear::Fault;
using twinear::Matrix;

#define TWINEAR_TEXT_OF(x) #x
#define TWINEAR_TEXT(x) TWINEAR_TEXT_OF(x)
constexpr std::string_view header_version = TWINEAR_TEXT(TWINEAR_VERSION_MAJOR) "." TWINEAR_TEXT(
    TWINEAR_VERSION_MINOR) "." TWINEAR_TEXT(TWINEAR_VERSION_PATCH);
static_assert(header_version == TWINEAR_VERSION, "c_api.h and CMakeLists.txt disagree");
static_assert(TWINEAR_ABI_VERSION == TWINEAR_SOVERSION, "c_api.h and CMakeLists.txt disagree");
static_assert(static_cast<int>(Fault::io) + 1 == TWINEAR_IO &&
              static_cast<int>(Fault::numeric) + 1 == TWINEAR_NUMERIC);

/// A message has a fixed length, so that a lack of memory can be told.
thread_local std::array<char, 1024> last_error{};

/// Control characters, which a file name may hold, become question marks.
twinear_status fail(twinear_status status, const char* message) noexcept {
  std::strncpy(last_error.data(), message, last_error.size() - 1);
  std::ranges::replace_if(
      last_error, [](unsigned char c) { return (c > 0 && c < 0x20) || c == 0x7f; }, '?');
  return status;
}

/// Runs an action; what it throws becomes a status and a message.
template <class Action>
twinear_status guarded(const Action& action) noexcept try {
  action();
  return TWINEAR_OK;
} catch (const Error& e) {
  return fail(static_cast<twinear_status>(static_cast<int>(e.fault()) + 1), e.what());
} catch (const std::invalid_argument& e) {
  return fail(TWINEAR_ARGUMENT, e.what());
} catch (const std::bad_alloc&) {
  return fail(TWINEAR_MEMORY, "out of memory");
} catch (const std::exception& e) {
  return fail(TWINEAR_INTERNAL, e.what());
} catch (...) {
  return fail(TWINEAR_INTERNAL, "an unknown exception");
}

template <class... Pointers>
void expect(const char* function, const Pointers*... pointers) {
  for (const void* pointer : {static_cast<const void*>(pointers)...})
    if (pointer == nullptr)
      throw std::invalid_argument(std::string(function) + ": a pointer is NULL");
}

twinear::Waveform waveform(const char* function, const float* samples, std::size_t count,
                           int sample_rate) {
  if (count == 0) throw std::invalid_argument(std::string(function) + ": no samples");
  return {sample_rate, {samples, samples + count}};
}

twinear::Acceptance acceptance(double threshold) {
  return std::isnan(threshold) ? twinear::Acceptance::even_odds()
                               : twinear::Acceptance::at_score(threshold);
}

double or_nan(const std::optional<double>& value) {
  return value.value_or(std::numeric_limits<double>::quiet_NaN());
}

void write(const char* function, const twinear::Verdict& verdict, twinear_verdict& to) {
  if (!verdict.answered()) throw twinear::Error(twinear::Fault::format, verdict.doubt);
  const std::size_t room = to.struct_size;
  if (room < sizeof(twinear_verdict))
    throw std::invalid_argument(std::string(function) + ": struct_size is not set");
  to = {room,
        verdict.score,
        or_nan(verdict.llr),
        or_nan(verdict.probability),
        verdict.threshold,
        verdict.same ? 1 : 0};
}

}  // namespace

const char* twinear_version() { return TWINEAR_VERSION; }
int twinear_abi_version() { return TWINEAR_ABI_VERSION; }
const char* twinear_error_message() { return last_error.data(); }

twinear_model* twinear_model_load(const char* path) {
  std::unique_ptr<twinear_model> model;
  guarded([&] {
    expect("twinear_model_load", path);
    model = std::make_unique<twinear_model>(twinear::Verifier::load(twinear::find_model(path)));
  });
  return model.release();
}

void twinear_model_free(twinear_model* model) { delete model; }

const char* twinear_model_id(const twinear_model* model) {
  return model == nullptr ? "" : model->verifier.model().id.c_str();
}
const char* twinear_model_source(const twinear_model* model) {
  return model == nullptr ? "" : model->verifier.model().source.c_str();
}
size_t twinear_model_dimension(const twinear_model* model) {
  return model == nullptr ? 0 : model->verifier.model().encoder.dimension();
}
size_t twinear_model_bins(const twinear_model* model) {
  return model == nullptr ? 0 : static_cast<size_t>(model->verifier.model().front_end.mel_bins);
}
int twinear_model_sample_rate(const twinear_model* model) {
  return model == nullptr ? 0 : model->verifier.model().front_end.sample_rate;
}
int twinear_model_is_calibrated(const twinear_model* model) {
  return model != nullptr && model->verifier.model().calibration ? 1 : 0;
}

twinear_status twinear_embed_samples(const twinear_model* model, const float* samples, size_t count,
                                     int sample_rate, float* embedding) {
  constexpr const char* name = "twinear_embed_samples";
  return guarded([&] {
    expect(name, model, samples, embedding);
    std::ranges::copy(model->verifier.embed(waveform(name, samples, count, sample_rate)),
                      embedding);
  });
}

twinear_status twinear_embed_file(const twinear_model* model, const char* path, float* embedding) {
  return twinear_embed_files(model, &path, 1, embedding);
}

twinear_status twinear_embed_files(const twinear_model* model, const char* const* paths,
                                   size_t count, float* embeddings) {
  return guarded([&] {
    expect("twinear_embed_files", model, paths, embeddings);
    std::vector<Clip> clips;
    for (size_t i = 0; i < count; ++i) {
      expect("twinear_embed_files", paths[i]);
      clips.push_back(twinear::clip_of_file(paths[i]));
    }
    std::ranges::copy(model->verifier.embed(clips).values(), embeddings);
  });
}

twinear_status twinear_features(const twinear_model* model, const float* samples, size_t count,
                                int sample_rate, float** values, size_t* frames) {
  constexpr const char* name = "twinear_features";
  return guarded([&] {
    expect(name, model, samples, values, frames);
    const Matrix features =
        twinear::clip_features(waveform(name, samples, count, sample_rate), model->log_mel).frames;
    auto copy = std::make_unique<float[]>(features.values().size());
    std::ranges::copy(features.values(), copy.get());
    *frames = features.rows();
    *values = copy.release();
  });
}

// NOLINTNEXTLINE(readability-non-const-parameter): the caller owns the values
void twinear_free(float* values) { delete[] values; }

twinear_status twinear_compare(const float* a, const float* b, size_t dimension, double* score) {
  return guarded([&] {
    expect("twinear_compare", a, b, score);
    *score = twinear::cosine({a, dimension}, {b, dimension});
  });
}

twinear_status twinear_decide(const twinear_model* model, double score, double threshold,
                              twinear_verdict* verdict) {
  return guarded([&] {
    expect("twinear_decide", model, verdict);
    write("twinear_decide", model->verifier.decide(score, acceptance(threshold)), *verdict);
  });
}

twinear_status twinear_verify_files(const twinear_model* model, const char* a, const char* b,
                                    double threshold, twinear_verdict* verdict) {
  return guarded([&] {
    expect("twinear_verify_files", model, a, b, verdict);
    write("twinear_verify_files",
          model->verifier.compare(twinear::clip_of_file(a), twinear::clip_of_file(b),
                                  acceptance(threshold)),
          *verdict);
  });
}
