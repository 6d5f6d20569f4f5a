/* SPDX-License-Identifier: Apache-2.0 */
/** Twinear for C (C99) and for all that can call C: link libtwinear_c (pkg-config twinear_c).
 *
 * Every function may be called from any thread at any time, with the same model too; only
 * twinear_model_free needs that nobody uses the model any more. No function prints, ends the
 * program or lets a C++ exception out. A function that can fail gives a twinear_status (or NULL),
 * and then twinear_error_message() says why, in one line, path first. Outputs are written only on
 * success. Texts are UTF-8.
 *
 * Functions and the fields of structs are added at the end and never changed while
 * TWINEAR_ABI_VERSION, the library's soname, stays. */
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

/** The version of the library that was found at run time: "0.2.0". Static; never NULL. */
const char* twinear_version(void);
/** Its ABI: a program must find the TWINEAR_ABI_VERSION that it was compiled with. */
int twinear_abi_version(void);

typedef enum twinear_status {
  TWINEAR_OK = 0,
  TWINEAR_IO = 1,       /**< a file that cannot be read */
  TWINEAR_FORMAT = 2,   /**< content that is not what it claims to be */
  TWINEAR_CONFIG = 3,   /**< what was asked for cannot be, e.g. a decision without calibration */
  TWINEAR_MISMATCH = 4, /**< two things that do not belong together */
  TWINEAR_NUMERIC = 5,  /**< a value that is not finite */
  TWINEAR_ARGUMENT = 6, /**< a wrong call: NULL, a size of 0 */
  TWINEAR_MEMORY = 7,
  TWINEAR_INTERNAL = 8 /**< a fault of the library */
} twinear_status;

/** Why the last call of this thread that failed did so; "" where none has. It belongs to the thread
 * and stays until the thread's next failure. */
const char* twinear_error_message(void);

/** A trained model, ready to listen. */
typedef struct twinear_model twinear_model;

/** Reads a model file, which may be hostile. NULL where it cannot be. */
twinear_model* twinear_model_load(const char* path);
void twinear_model_free(twinear_model* model); /**< NULL is fine */

const char* twinear_model_id(const twinear_model* model); /**< hash of its file; lives as it does */
const char* twinear_model_source(const twinear_model* model); /**< what it tells apart: "speaker" */
size_t twinear_model_dimension(const twinear_model* model);   /**< floats of an embedding */
size_t twinear_model_bins(const twinear_model* model);        /**< columns of its features */
int twinear_model_sample_rate(const twinear_model* model);    /**< Hz; other rates are resampled */
int twinear_model_is_calibrated(const twinear_model* model);  /**< 1 where it can decide alone */

/** The embedding of one channel of sound in [-1, 1], of at least 0.1 s, into `embedding` of
 * twinear_model_dimension() floats. */
twinear_status twinear_embed_samples(const twinear_model* model, const float* samples, size_t count,
                                     int sample_rate, float* embedding);
/** Of a sound file of any format, rate and number of channels, which are averaged. */
twinear_status twinear_embed_file(const twinear_model* model, const char* path, float* embedding);
/** Of many, on all cores: row i of `embeddings` is of paths[i]. The first bad file, by its place in
 * the list, fails the call. */
twinear_status twinear_embed_files(const twinear_model* model, const char* const* paths,
                                   size_t count, float* embeddings);

/** What the encoder is given: *values becomes *frames rows of twinear_model_bins() floats, to be
 * freed by twinear_free. */
twinear_status twinear_features(const twinear_model* model, const float* samples, size_t count,
                                int sample_rate, float** values, size_t* frames);
void twinear_free(float* values); /**< NULL is fine */

/** The score of two embeddings: their cosine, from -1 to 1. */
twinear_status twinear_compare(const float* a, const float* b, size_t dimension, double* score);

/** The answer to "the same source?". Set struct_size before the call, so that a later library knows
 * how much of it there is. */
typedef struct twinear_verdict {
  size_t struct_size; /**< sizeof(twinear_verdict) */
  double score;       /**< cosine of the two embeddings */
  double llr;         /**< natural-log likelihood ratio; NaN where the model is not calibrated */
  double probability; /**< of the same source at even odds before; NaN likewise */
  double threshold;   /**< on the score */
  int same;           /**< 1 where score >= threshold, else 0 */
} twinear_verdict;

/** Decides at `threshold`; where that is NaN at the model's own, even odds by its calibration. */
twinear_status twinear_decide(const twinear_model* model, double score, double threshold,
                              twinear_verdict* verdict);
/** The whole way for two sound files. Their lengths count where the calibration asks for them. */
twinear_status twinear_verify_files(const twinear_model* model, const char* a, const char* b,
                                    double threshold, twinear_verdict* verdict);

#ifdef __cplusplus
}
#endif

#endif
/* NOLINTEND(modernize-*) */
