// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "cli/models.h"
#include "cli/program.h"
#include "made_voice.h"
#include "voices.h"

namespace twinear {
namespace {

const std::string published = TWINEAR_SOURCE_DIR "/tests/golden/published/";

TEST(ImportCommand, MakesAModelThatEveryCommandTakes) {
  TemporaryFolder folder;
  const std::string model = folder / "model.safetensors", a = folder / "a.wav",
                    b = folder / "b.wav";
  write_audio(a, {16000, made_voice(1.5, 110)});
  write_audio(b, {16000, made_voice(1.5, 200)});
  const auto made =
      run({"import", "speechbrain-ecapa", published + "speechbrain_ecapa.ckpt", "-o", model});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_NE(made.out.find("44900 parameters, 80 mel bins, 24 dimensions"), std::string::npos);

  const auto info = run({"info", model, "--selftest", "--json"});
  EXPECT_EQ(info.code, 0) << info.err;
  const auto json = nlohmann::json::parse(info.out);
  EXPECT_EQ(json["front_end"]["preset"], "speechbrain");
  EXPECT_EQ(json["provenance"]["checkpoint"], "speechbrain_ecapa.ckpt");
  EXPECT_LT(json["selftest"], 1e-6);
  EXPECT_EQ(run({"verify", a, a, "--model", model, "--threshold", "0.9"}).code, 0);
  EXPECT_TRUE(is_refusal(run({"verify", a, b, "--model", model}), "holds no calibration"));
  EXPECT_EQ(run({"embed", a, b, "--model", model, "-o", folder / "x"}).code, 0);
}

TEST(ImportCommand, RefusesWhatIsNoCheckpointAndWritesNothing) {
  TemporaryFolder folder;
  const std::string called = published + "calls_system.ckpt";
  EXPECT_TRUE(is_refusal(run({"import", "speechbrain-ecapa", called, "-o", folder / "x"}),
                         called + ": pickle: global \"posix.system\" is not allowed"));
  EXPECT_FALSE(std::filesystem::exists("called"));  // by the command in it
  const std::string good = published + "speechbrain_ecapa.ckpt", cut = folder / "cut.ckpt";
  write_file(cut, read_file(good).substr(0, 100000));
  const auto before = listing(folder / "");
  EXPECT_TRUE(is_refusal(run({"import", "speechbrain-ecapa", cut, "-o", folder / "x"}),
                         cut + ": it is not a checkpoint of torch.save: "));
  EXPECT_TRUE(is_refusal(run({"import", "speechbrain-ecapa", folder / "no", "-o", folder / "x"}),
                         folder / "no: "));
  EXPECT_TRUE(is_refusal(run({"import", "wespeaker-ecapa", good, "-o", folder / "x"}),
                         good + ": it has no tensor"));
  EXPECT_TRUE(is_refusal(run({"import", "ecapa", good, "-o", folder / "x"}),
                         "unknown architecture \"ecapa\""));
  EXPECT_EQ(listing(folder / ""), before);
}

TEST(ExportCommand, WritesOnnxOrNothing) {
  TemporaryFolder folder;
  const std::string model = folder / "model.safetensors", onnx = folder / "model.onnx";
  write_small_model(model);
  const auto made = run({"export", "onnx", model, "-o", onnx});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.out, onnx + ": features [clips, frames, 40] to embedding [clips, 80]\n");
  EXPECT_NE(read_file(onnx).find("model_id"), std::string::npos);
  const auto before = listing(folder / "");
  EXPECT_TRUE(is_refusal(run({"export", "onnx", onnx, "-o", folder / "x"}), onnx + ": "));
  EXPECT_TRUE(is_refusal(run({"export", "tflite", model, "-o", folder / "x"}),
                         "unknown format \"tflite\""));
  EXPECT_EQ(listing(folder / ""), before);
}

}  // namespace
}  // namespace twinear
