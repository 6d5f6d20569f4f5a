// SPDX-License-Identifier: Apache-2.0
#include "base/settings.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/expect_error.h"
#include "base/german_locale.h"
#include "temporary_folder.h"

namespace twinear {

enum class Color { red, green };

struct Sample {
  double rate = 1.5;
  float small = 0.25F;
  int epochs = 3;
  bool bold = false;
  std::string name = "none";
  std::string mode = "fast";
  std::vector<int> widths{1, 2};
  std::vector<std::string> files{"a"};
  Color color = Color::red;
  bool operator==(const Sample&) const = default;
};

void fields(Fields& f, Sample& s) {
  f.number("rate", s.rate, 0.0, 10.0);
  f.number("small", s.small, 0.0, 1.0);
  f.whole("epochs", s.epochs, 1, 100);
  f.flag("bold", s.bold);
  f.text("name", s.name);
  f.one_of("mode", s.mode, {"fast", "slow"});
  f.numbers("widths", s.widths, 1, 512);
  f.texts("files", s.files);
  f.choice("color", s.color, {"red", "green"});
}

namespace {

const Sample other{.rate = 2.0,
                   .small = 0.5F,
                   .epochs = 7,
                   .bold = true,
                   .name = "x y",
                   .mode = "slow",
                   .widths = {3, 4, 5},
                   .files = {"b", "c"},
                   .color = Color::green};

Settings toml(const TemporaryFolder& folder, const std::string& text) {
  return Settings::from_toml(put(folder / "r.toml", text));
}

TEST(Settings, ReadEveryKindOfValue) {
  const TemporaryFolder folder;
  auto settings = toml(folder, R"(
[sample]
rate = 2          # a whole number is a number too
small = 0.5
epochs = 7
bold = true
name = "x y"
mode = "slow"
widths = [3, 4, 5]
files = ["b", "c"]
color = "green"
)");
  Sample sample;
  settings.read("sample", sample);
  EXPECT_EQ(sample, other);
  settings.refuse_other_tables();
}

TEST(Settings, AbsentKeysAndTablesKeepTheirValues) {
  const TemporaryFolder folder;
  auto settings = toml(folder, "[sample]\nepochs = 9\n");
  Sample sample = other, untouched = other;
  settings.read("sample", sample);
  settings.read("elsewhere", untouched);
  EXPECT_EQ(sample.epochs, 9);
  sample.epochs = other.epochs;
  EXPECT_EQ(sample, other);
  EXPECT_EQ(untouched, other);
}

TEST(Settings, ValuesOfCodeAreReadAndWrittenUnderTheirKeys) {
  const Values values = values_of(other);
  EXPECT_EQ(values[0], (Values::value_type{"rate", 2.0}));
  Sample sample;
  Settings::from_values(values, "in code").read("", sample);
  EXPECT_EQ(sample, other);

  const auto refused = [](const Values& wrong, const std::string& message) {
    Sample untouched;
    expect_error([&] { Settings::from_values(wrong, "in code").read("", untouched); },
                 Fault::config, "in code: " + message);
  };
  refused({{"epochs", 0}}, "epochs: expected a value from 1 to 100, found 0");
  refused({{"mode", "quick"}}, "mode: expected one of fast, slow, found \"quick\"");
  refused({{"epoch", 1}}, "unknown key \"epoch\"; did you mean \"epochs\"?");
  refused({{"epochs", 1}, {"epochs", 2}}, "duplicate key \"epochs\"");
}

TEST(Settings, ATextThatIsNoneOfItsNamesIsNotWritten) {
  Sample sample;
  sample.mode = "quick";
  expect_error([&] { to_json(sample); }, Fault::config,
               "mode: expected one of fast, slow, found \"quick\"");
}

TEST(Settings, OneTextIsAListOfOne) {
  const TemporaryFolder folder;
  auto settings = toml(folder, "[sample]\nfiles = \"only\"\n");
  Sample sample;
  settings.read("sample", sample);
  EXPECT_EQ(sample.files, std::vector<std::string>{"only"});
}

TEST(Settings, NameTheLineAndTheNearestKnownKey) {
  const TemporaryFolder folder;
  const std::string path = folder / "r.toml";
  const auto refused = [&](const std::string& text, const std::string& message) {
    auto settings = toml(folder, text);
    Sample sample;
    expect_error(
        [&] {
          settings.read("sample", sample);
          settings.refuse_other_tables();
        },
        Fault::config, path + message);
  };
  refused("[sample]\nrate = 1\nepoch = 3\n",
          ":3: unknown key \"epoch\" in [sample]; did you mean \"epochs\"?");
  refused("[sample]\nzzzzzzzz = 3\n", ":2: unknown key \"zzzzzzzz\" in [sample]");
  refused("[sample]\nrate = 10.5\n", ":2: rate: expected a value from 0 to 10, found 10.5");
  refused("[sample]\nrate = nan\n", ":2: rate: expected a value from 0 to 10*");
  refused("[sample]\nrate = \"fast\"\n", ":2: rate: expected a number, found \"fast\"");
  refused("[sample]\nepochs = 0\n", ":2: epochs: expected a value from 1 to 100, found 0");
  refused("[sample]\nepochs = 2.5\n", ":2: epochs: expected a whole number, found 2.5");
  refused("[sample]\nepochs = 9000000000\n", ":2: epochs: expected a value from 1 to 100*");
  refused("[sample]\nbold = 1\n", ":2: bold: expected true or false, found 1");
  refused("[sample]\nname = 1\n", ":2: name: expected a text, found 1");
  refused("[sample]\nmode = \"quick\"\n", ":2: mode: expected one of fast, slow, found \"quick\"");
  refused("[sample]\nwidths = 3\n", ":2: widths: expected a list of whole numbers, found 3");
  refused("[sample]\nwidths = [3, 600]\n",
          ":2: widths: expected a value from 1 to 512, found [3,600]");
  refused("[sample]\nfiles = [1]\n", ":2: files: expected a text or a list of texts, found [1]");
  refused("[sample]\ncolor = \"blue\"\n", ":2: color: expected one of red, green, found \"blue\"");
  refused("\n[sampel]\n", ":2: unknown table [sampel]; did you mean [sample]?");
  refused("[sample]\n[quite_another]\n", ":2: unknown table [quite_another]");
}

TEST(Settings, NameTheLineThatIsNotToml) {
  const TemporaryFolder folder;
  const std::string path = folder / "r.toml";
  expect_error([&] { toml(folder, "[sample]\nrate = = 1\n"); }, Fault::config, path + ":2: *");
  expect_error([&] { toml(folder, "[sample]\nrate = 1\nrate = 2\n"); }, Fault::config,
               path + ":3: *");
  expect_error([&] { toml(folder, "rate = 1\n"); }, Fault::config,
               path + ":1: key \"rate\" is outside any [table]");
  expect_error([&] { toml(folder, "[sample]\nrate = 1979-05-27\n"); }, Fault::config,
               path + ":2: expected a number, a text, true, false or a list of them");
  Sample sample;
  expect_error([&] { toml(folder, "[sample]\n[sample.deeper]\n").read("sample", sample); },
               Fault::config, path + ":2: unknown key \"deeper\" in [sample]*");
  expect_error([&] { toml(folder, "[sample]\n[sample.rate]\n").read("sample", sample); },
               Fault::config, path + ":2: rate: expected a number, found {}");
  expect_error([&] { Settings::from_toml(folder / "none.toml"); }, Fault::io,
               folder / "none.toml: No such file or directory");
}

TEST(Settings, AnOverrideWinsOverTheFile) {
  const TemporaryFolder folder;
  auto settings = toml(folder, "[sample]\nepochs = 9\nrate = 1\n");
  settings.override("sample.epochs=11");
  settings.override("sample.epochs=12");
  settings.override("sample.name=a bare word");
  settings.override("sample.mode=slow");
  settings.override("sample.widths=[7]");
  settings.override("sample.bold=true");
  Sample sample;
  settings.read("sample", sample);
  EXPECT_EQ(sample.epochs, 12);
  EXPECT_EQ(sample.rate, 1.0);
  EXPECT_EQ(sample.name, "a bare word");
  EXPECT_EQ(sample.mode, "slow");
  EXPECT_EQ(sample.widths, std::vector<int>{7});
  EXPECT_TRUE(sample.bold);
}

TEST(Settings, AnOverrideThatIsWrongNamesItself) {
  const auto refused = [](const std::string& assignment, const std::string& message) {
    expect_error(
        [&] {
          Settings settings;
          settings.override(assignment);
          Sample sample;
          settings.read("sample", sample);
          settings.refuse_other_tables();
        },
        Fault::config, message);
  };
  refused("epochs=3", "--set epochs=3: expected table.key=value");
  refused("sample.epochs", "--set sample.epochs: expected table.key=value");
  refused("sample.epochs=many", "--set sample.epochs=many: epochs: expected a whole number, *");
  refused("sample.epochs=", "--set sample.epochs=: epochs: expected a whole number, found \"\"");
  refused("sample.epoch=3",
          "--set sample.epoch=3: unknown key \"epoch\" in [sample]; did you mean \"epochs\"?");
  refused("sampl.epochs=3", "--set sampl.epochs=3: unknown table [sampl]; did you mean [sample]?");
}

TEST(Settings, PeekSeesATextBeforeItIsRead) {
  const TemporaryFolder folder;
  auto settings = toml(folder, "[sample]\nname = \"here\"\nepochs = 3\n");
  EXPECT_EQ(settings.peek("sample", "name", "otherwise"), "here");
  EXPECT_EQ(settings.peek("sample", "mode", "otherwise"), "otherwise");
  EXPECT_EQ(settings.peek("none", "name", "otherwise"), "otherwise");
  settings.override("sample.name=there");
  EXPECT_EQ(settings.peek("sample", "name", "otherwise"), "there");
}

TEST(Settings, AStructsJsonReadsBackAsTheSameStruct) {
  Sample sample;
  Settings::from_json(to_json(other), "model").read("", sample);
  EXPECT_EQ(sample, other);
  EXPECT_EQ(to_json(Sample{}),
            R"({"rate":1.5,"small":0.25,"epochs":3,"bold":false,"name":"none","mode":"fast",)"
            R"("widths":[1,2],"files":["a"],"color":"red"})");
}

TEST(Settings, JsonIsReadAsStrictlyAsAFile) {
  const auto refused = [](const char* text, Fault fault, const char* message) {
    expect_error(
        [&] {
          Sample sample;
          Settings::from_json(text, "m.safetensors").read("", sample);
        },
        fault, message);
  };
  refused(R"({"epochs": 3, "epochs": 3})", Fault::format,
          "m.safetensors: duplicate key \"epochs\"");
  refused(R"({"epoch": 3})", Fault::config,
          "m.safetensors: unknown key \"epoch\"; did you mean \"epochs\"?");
  refused("[1]", Fault::format, "m.safetensors: expected a JSON object");
  refused("{", Fault::format, "m.safetensors: not valid JSON");
}

TEST(Settings, TheLocaleOfTheProgramChangesNoNumber) {
  const GermanLocale german;
  if (!german.is_set()) GTEST_SKIP() << "there is no locale de_DE.UTF-8, and localedef makes none";
  ASSERT_EQ(std::stod("0,5"), 0.5);
  const TemporaryFolder folder;
  auto settings = toml(folder, "[sample]\nrate = 2.5\n");
  settings.override("sample.epochs=7");
  Sample sample;
  sample.small = 0.3F;  // a default with a fraction, which the file does not give
  settings.read("sample", sample);
  EXPECT_EQ(sample.small, 0.3F);
  EXPECT_EQ(sample.rate, 2.5);
  const std::string text = to_json(sample);
  EXPECT_EQ(text.substr(0, 24), R"({"rate":2.5,"small":0.3,)");
  Sample again;
  Settings::from_json(text, "model").read("", again);
  EXPECT_EQ(again, sample);
  settings.override("sample.rate=1.5");
  settings.read("sample", sample);
  EXPECT_EQ(sample.rate, 1.5);
}

TEST(Nearest, FindsAMisspeltNameAndNothingFarAway) {
  const std::vector<std::string> names{"mel_bins", "low_hz", "high_hz"};
  EXPECT_EQ(nearest("mel_bin", names), "mel_bins");
  EXPECT_EQ(nearest("lowhz", names), "low_hz");
  EXPECT_EQ(nearest("temperature", names), "");
  EXPECT_EQ(nearest("x", {}), "");
}

TEST(Settings, ATableWithoutAProperNameIsRefusedWithItsLine) {
  const TemporaryFolder folder;
  for (const char* header : {"[=]", "[!t]", "[\x05t]", "[.t]", "[t.=]", "[[=]]", "[[", "[", "[]",
                             "[ ]", "[\"t\\q\"]", "[#t]", "[t", "[[t]", "[\xff]"})
    expect_error([&] { toml(folder, std::string("\n") + header + "\nrate = 2\n"); }, Fault::config,
                 (folder / "r.toml") + ":*");
}

TEST(Settings, OutsideOfQuotationMarksAllIsAscii) {
  const TemporaryFolder folder;
  for (const char* text :
       {"[t\u0496]\n", "[t]\nna\u00efve = 2\n", "[t]\nrate = \u00e9\n", "\u00a0[t]\n",
        "[t]\nname = \u201cx\u201d\n", "[t]\nname = \"a\\\"b\" \u00e9\n"})
    expect_error([&] { toml(folder, text); }, Fault::config, (folder / "r.toml") + ":*");
  auto settings = toml(folder,
                       "\xEF\xBB\xBF# \u00e9\n[sample]\nname = \"\u00e9 \\\" '\"  # \u00e9\n"
                       "files = ['\u00e9\\', \"\"\"\u00e9\n\"\u00e9\"\"\"]\n");
  Sample sample;
  settings.read("sample", sample);
  EXPECT_EQ(sample.name, "\u00e9 \" '");
  EXPECT_EQ(sample.files, (std::vector<std::string>{"\u00e9\\", "\u00e9\n\"\u00e9"}));
  settings.override("sample.name=\u00e9t\u00e9");
  settings.read("sample", sample);
  EXPECT_EQ(sample.name, "\u00e9t\u00e9");
}

TEST(Settings, BytesThatAreNoTextAreRefusedAsAnyWrongValue) {
  Settings settings;
  settings.override("t.color=\xff");
  Sample sample;
  EXPECT_THROW(settings.read("t", sample), Error);
}

}  // namespace
}  // namespace twinear
