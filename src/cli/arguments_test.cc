#include "cli/arguments.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/cli.h"

namespace easel {
namespace {

const CommandSpec& Spec() {
  static const CommandSpec spec{
      .name = "logs",
      .group = "Look",
      .summary = "what blocks printed",
      .positionals = {{.name = "CANVAS", .help = "the folder"},
                      {.name = "BLOCK", .help = "a block", .required = false}},
      .flags = {{.name = "follow", .help = "go on", .letter = 'f'},
                {.name = "jobs", .value = "N", .help = "how many", .letter = 'j'},
                {.name = "env", .value = "NAME", .help = "pass on", .repeated = true},
                {.name = "json", .help = "JSON"}},
      .examples = {{"easel logs .", "everything"}},
      .run = [](const Invocation& invocation, std::ostream& out, std::ostream&) {
        out << invocation.Word("CANVAS");
        return 0;
      }};
  return spec;
}

std::string MessageOf(const std::vector<std::string>& words) {
  const auto parsed = ParseArguments(Spec(), words);
  return parsed ? "accepted" : parsed.error().message.substr(0, parsed.error().message.find('\n'));
}

TEST(Arguments, WordsAndFlagsComeInAnyOrder) {
  const auto parsed =
      ParseArguments(Spec(), {"--json", "here", "-f", "--env=A=1", "load", "--env", "B", "-j4"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->Word("CANVAS"), "here");
  EXPECT_EQ(parsed->Word("BLOCK"), "load");
  EXPECT_TRUE(parsed->Has("json"));
  EXPECT_TRUE(parsed->Has("follow"));
  EXPECT_EQ(parsed->Values("env"), (std::vector<std::string>{"A=1", "B"}));
  EXPECT_EQ(parsed->Number("jobs", 1), 4);
}

TEST(Arguments, WhatIsLeftOutHasDefaults) {
  const auto parsed = ParseArguments(Spec(), {"here"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->Word("BLOCK"), "");
  EXPECT_FALSE(parsed->Has("json"));
  EXPECT_EQ(parsed->Value("jobs", "all"), "all");
  EXPECT_EQ(parsed->Number("jobs", 7), 7);
}

TEST(Arguments, AfterTwoDashesEverythingIsAWord) {
  const auto parsed = ParseArguments(Spec(), {"--", "--json", "-f"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->Word("CANVAS"), "--json");
  EXPECT_EQ(parsed->Word("BLOCK"), "-f");
}

TEST(Arguments, MistakesAreNamedWithTheNearestRightWord) {
  EXPECT_EQ(MessageOf({".", "--jsn"}), "easel logs: there is no flag `--jsn`, did you mean `--json`?");
  EXPECT_EQ(MessageOf({}), "easel logs: CANVAS is missing: the folder");
  EXPECT_EQ(MessageOf({"a", "b", "c"}), "easel logs: does not know what to do with `c`");
  EXPECT_EQ(MessageOf({".", "--jobs"}), "easel logs: `--jobs` needs a value: how many");
  EXPECT_EQ(MessageOf({".", "--json=1"}), "easel logs: `--json` takes no value, but `1` was given");
  EXPECT_EQ(MessageOf({".", "--color", "alway"}),
            "easel logs: `--color` is one of auto, always and never, not `alway`, did you mean `always`?");
  EXPECT_EQ(MessageOf({".", "-j1", "-j2"}), "easel logs: `-j` is given twice");
  const auto parsed = ParseArguments(Spec(), {".", "-jmany"});
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->Number("jobs", 1));
}

TEST(Arguments, HelpWinsOverMistakesAndShowsExamples) {
  const auto parsed = ParseArguments(Spec(), {"--nonsense", "--help"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->help);
  const std::string help = HelpText(Spec());
  EXPECT_NE(help.find("Usage: easel logs CANVAS [BLOCK] [-f] [--jobs N] [--env NAME]… [--json]"),
            std::string::npos)
      << help;
  EXPECT_NE(help.find("  -j, --jobs N       how many"), std::string::npos) << help;
  EXPECT_NE(help.find("  easel logs .   everything"), std::string::npos) << help;
}

TEST(CommandLine, ExitCodesTellUsageFromSuccess) {
  std::ostringstream out, err;
  const std::span<const CommandSpec> commands(&Spec(), 1);
  EXPECT_EQ(RunCommandLine(commands, {"logs", "here"}, out, err, -1), 0);
  EXPECT_EQ(out.str(), "here");
  EXPECT_EQ(RunCommandLine(commands, {"lgos", "here"}, out, err, -1), 2);
  EXPECT_NE(err.str().find("did you mean `logs`?"), std::string::npos) << err.str();
  EXPECT_EQ(RunCommandLine(commands, {"logs"}, out, err, -1), 2);
  EXPECT_EQ(RunCommandLine(commands, {}, out, err, -1), 2);
}

TEST(CommandLine, EveryCommandHasHelpWithAnExampleAndFitsAHundredColumns) {
  for (const CommandSpec& command : Commands()) {
    std::ostringstream out, err;
    EXPECT_EQ(RunCommandLine(Commands(), {command.name, "--help"}, out, err, -1), 0);
    EXPECT_NE(out.str().find("Examples:"), std::string::npos) << command.name;
    EXPECT_NE(command.run, nullptr) << command.name;
  }
  std::ostringstream out, err;
  EXPECT_EQ(RunCommandLine(Commands(), {"--help"}, out, err, -1), 0);
  EXPECT_NE(out.str().find("Quick start:"), std::string::npos);
  EXPECT_EQ(RunCommandLine(Commands(), {"--version"}, out, err, -1), 0);
  EXPECT_NE(out.str().find("easel 0."), std::string::npos);
}

}  // namespace
}  // namespace easel
