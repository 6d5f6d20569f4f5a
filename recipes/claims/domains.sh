#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests the claim that only similar domains transfer: from speech to sounds and from sounds to speech, with and without
# adaptation to unlabeled clips of the new domain.
# Usage: recipes/claims/domains.sh [DATA_FOLDER] [WORK_DIR] [TABLE.KEY=VALUE...]
set -eu
cd "$(dirname "$0")/../.."
. recipes/claims/common.sh

trained triplet speech.toml "$speech"
trained sound sound.toml "$sounds"
trained untrained speech.toml "$speech" encoder.kind=statistics
for way in centering whitening; do
  for name in untrained triplet; do adapted $name $way "$sounds"; done
  for name in untrained sound; do adapted $name $way "$speech"; done
done

for shot in 1 5; do
  for name in untrained sound triplet untrained-centering-esc50 untrained-whitening-esc50 triplet-centering-esc50 triplet-whitening-esc50; do
    shots $name centroid "$shot" "${EPISODES:-600}" "plain-$shot.txt"
  done
  table "to-sounds-$shot" accuracy "untrained statistics=$(files untrained "plain-$shot.txt")" \
    "untrained, centered=$(files untrained-centering-esc50 "plain-$shot.txt")" \
    "untrained, whitened=$(files untrained-whitening-esc50 "plain-$shot.txt")" \
    "speech=$(files triplet "plain-$shot.txt")" \
    "speech, centered=$(files triplet-centering-esc50 "plain-$shot.txt")" \
    "speech, whitened=$(files triplet-whitening-esc50 "plain-$shot.txt")" \
    "sounds=$(files sound "plain-$shot.txt")"
  table "to-sounds-centered-$shot" accuracy "untrained, centered=$(files untrained-centering-esc50 "plain-$shot.txt")" \
    "speech, centered=$(files triplet-centering-esc50 "plain-$shot.txt")"
done

for name in untrained triplet sound untrained-centering-speechocean untrained-whitening-speechocean sound-centering-speechocean \
  sound-whitening-speechocean; do scored $name; done
table to-speech eer "untrained statistics=$(files untrained scores.txt)" \
  "untrained, centered=$(files untrained-centering-speechocean scores.txt)" \
  "untrained, whitened=$(files untrained-whitening-speechocean scores.txt)" \
  "sounds=$(files sound scores.txt)" \
  "sounds, centered=$(files sound-centering-speechocean scores.txt)" \
  "sounds, whitened=$(files sound-whitening-speechocean scores.txt)" \
  "speech=$(files triplet scores.txt)"
table to-speech-whitened eer "untrained, whitened=$(files untrained-whitening-speechocean scores.txt)" \
  "sounds, whitened=$(files sound-whitening-speechocean scores.txt)"
bars domains 'sounds, 5-way 1-shot accuracy=to-sounds-1' 'sounds, 5-way 5-shot accuracy=to-sounds-5' 'speakers, EER=to-speech'
