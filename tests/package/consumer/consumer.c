/* SPDX-License-Identifier: Apache-2.0 */
/* consumer_c MODEL A B: compares two clips from C. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <twinear/c_api.h>

static int fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, twinear_error_message());
  return 2;
}

int main(int argc, char** argv) {
  twinear_model* model;
  twinear_verdict verdict;
  float* embeddings;
  double score = 0;
  if (argc != 4) return 2;
  if (twinear_abi_version() != TWINEAR_ABI_VERSION) return 2;
  model = twinear_model_load(argv[1]);
  if (model == NULL) return fail("model");
  embeddings = malloc(2 * twinear_model_dimension(model) * sizeof *embeddings);
  if (embeddings == NULL) return 2;
  if (twinear_embed_files(model, (const char* const*)argv + 2, 2, embeddings) != TWINEAR_OK)
    return fail("clips");
  twinear_compare(embeddings, embeddings + twinear_model_dimension(model),
                  twinear_model_dimension(model), &score);
  verdict.struct_size = sizeof verdict;
  if (twinear_decide(model, score, NAN, &verdict) != TWINEAR_OK) return fail("decision");
  printf("%.3f %s\n", verdict.score, verdict.same ? "same" : "different");
  free(embeddings);
  twinear_model_free(model);
  return 0;
}
