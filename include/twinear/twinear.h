// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twinear/adaptation.h"
#include "twinear/audio.h"
#include "twinear/dataset.h"
#include "twinear/encoder.h"
#include "twinear/error.h"
#include "twinear/features.h"
#include "twinear/few_shot.h"
#include "twinear/loss.h"
#include "twinear/matrix.h"
#include "twinear/metrics.h"
#include "twinear/miner.h"
#include "twinear/model.h"
#include "twinear/scoring.h"
#include "twinear/search.h"
#include "twinear/trainer.h"
#include "twinear/verifier.h"
