/* SPDX-License-Identifier: Apache-2.0 */
/** Twinear for C (C99) and for all that can call C: link libtwinear_c (pkg-config twinear_c).
 *
 * Any thread may call any function at any time, also with the same model; only twinear_model_free
 * must be the last to use its model. No function prints, ends the program or lets a C++ exception
 * out. A function that can fail returns a twinear_status (or NULL), and then
 * twinear_error_message() says why, in one line, path first. Outputs are written only on success.
 * Texts are UTF-8.
 *
 * As long as TWINEAR_ABI_VERSION, the library's soname, stays the same, functions and fields of
 * structs are only added, at the end. */
/* NOLINTBEGIN(modernize-*): this is C. */
#ifndef TWINEAR_C_API_H
#define TWINEAR_C_API_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TWINEAR_VERSION_MAJOR 0
#define TWINEAR_VERSION_MINOR 2
#define TWINEAR_VERSION_PATCH 0
#define TWINEAR_ABI_VERSION 1

/** The version of the library at run time, such as "0.2.0". It is static and never NULL. */
const char* twinear_version(void);
/** The ABI of the library at run time; it must be TWINEAR_ABI_VERSION. */
int twinear_abi_version(void);

typedef enum twinear_status {
  TWINEAR_OK = 0,
  TWINEAR_IO = 1,       /**< a file cannot be read */
  TWINEAR_FORMAT = 2,   /**< a file has invalid content */
  TWINEAR_CONFIG = 3,   /**< the request is impossible, such as a decision without calibration */
  TWINEAR_MISMATCH = 4, /**< two things do not belong together */
  TWINEAR_NUMERIC = 5,  /**< a value is not finite */
  TWINEAR_ARGUMENT = 6, /**< the call is wrong, for example by NULL or a size of 0 */
  TWINEAR_MEMORY = 7,   /**< memory is exhausted */
  TWINEAR_INTERNAL = 8  /**< the library has a bug */
} twinear_status;

/** Why the latest failed call of this thread failed; "" if none has. The text belongs to the thread
 * and stays until the thread's next failure. */
const char* twinear_error_message(void);

/** A trained model. */
typedef struct twinear_model twinear_model;

/** Reads a model file, even a hostile one, or the model at hand that has this name, such as
 * "speaker-large"; "" names the default. Returns NULL for what is not a model. */
twinear_model* twinear_model_load(const char* path);
void twinear_model_free(twinear_model* model); /**< NULL has no effect */

/** The hash of the model's file, and what the model tells apart, such as "speaker". The texts live
 * as long as the model. */
const char* twinear_model_id(const twinear_model* model);
const char* twinear_model_source(const twinear_model* model);
size_t twinear_model_dimension(const twinear_model* model);  /**< floats of an embedding */
size_t twinear_model_bins(const twinear_model* model);       /**< mel bins of its features */
int twinear_model_sample_rate(const twinear_model* model);   /**< Hz; other rates are resampled */
int twinear_model_is_calibrated(const twinear_model* model); /**< 1 if it has its own threshold */

/** Embeds one channel of sound in [-1, 1], of at least 0.1 s, and writes twinear_model_dimension()
 * floats to `embedding`. */
twinear_status twinear_embed_samples(const twinear_model* model, const float* samples, size_t count,
                                     int sample_rate, float* embedding);
/** Embeds a sound file of any format and rate; its channels are averaged. */
twinear_status twinear_embed_file(const twinear_model* model, const char* path, float* embedding);
/** Embeds many files on all cores: row i of `embeddings` is the embedding of paths[i]. The call
 * fails by the first bad file of the list. */
twinear_status twinear_embed_files(const twinear_model* model, const char* const* paths,
                                   size_t count, float* embeddings);

/** Computes the features that the encoder takes: *values becomes *frames rows of
 * twinear_model_bins() floats, which twinear_free frees. */
twinear_status twinear_features(const twinear_model* model, const float* samples, size_t count,
                                int sample_rate, float** values, size_t* frames);
void twinear_free(float* values); /**< NULL has no effect */

/** Computes the score of two embeddings: their cosine, from -1 to 1. */
twinear_status twinear_compare(const float* a, const float* b, size_t dimension, double* score);

/** Whether two clips have the same source. Set struct_size before the call: it tells a later
 * library which fields there are. */
typedef struct twinear_verdict {
  size_t struct_size; /**< sizeof(twinear_verdict) */
  double score;       /**< the cosine of the two embeddings */
  double llr;         /**< the natural-log likelihood ratio; NaN without calibration */
  double probability; /**< of the same source at even prior odds; NaN without calibration */
  double threshold;   /**< the threshold on the score */
  int same;           /**< 1 if score >= threshold, else 0 */
} twinear_verdict;

/** Decides at `threshold` or, if that is NaN, at even odds by the model's calibration. */
twinear_status twinear_decide(const twinear_model* model, double score, double threshold,
                              twinear_verdict* verdict);
/** Embeds two sound files and decides, by their lengths, too, if the calibration depends on them.
 * Where it cannot be told, because a clip holds no speech for example, the call fails with
 * TWINEAR_FORMAT, and the message says why. */
twinear_status twinear_verify_files(const twinear_model* model, const char* a, const char* b,
                                    double threshold, twinear_verdict* verdict);

#ifdef __cplusplus
}
#endif

#endif
/* NOLINTEND(modernize-*) */
