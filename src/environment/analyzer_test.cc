#include "environment/analyzer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"

namespace easel {
namespace {

/// Stands in for the runtime's analyze.py: does what the source says.
constexpr std::string_view kScript = R"(
import json, os, sys, pathlib
print(json.dumps({"ready": True, "python": "3.11", "version": %VERSION%}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    source = request["source"]
    if source == "die":
        print("out of memory", file=sys.stderr)
        os._exit(3)
    if source.startswith("die once "):
        mark = pathlib.Path(source[9:])
        if not mark.exists():
            mark.touch()
            os._exit(3)
    if source == "hang":
        sys.stdin.readline()
        continue
    print(json.dumps({"id": request["id"], "analysis": {"digest": str(len(source)), "reads": [request["filename"]], "pid": os.getpid()}}), flush=True)
)";

class AnalyzerOf : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/easel_analyzer_XXXXXX";
    root_ = ::mkdtemp(name);
    WriteScript("1");
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  void WriteScript(const std::string& version) {
    std::string text(kScript);
    text.replace(text.find("%VERSION%"), 9, version);
    ASSERT_TRUE(MakeDirectories(root_ + "/easel_runtime"));
    ASSERT_TRUE(WriteFileAtomically(root_ + "/easel_runtime/analyze.py", text));
  }
  AnalyzerOptions Options() { return {.python = "/usr/bin/python3", .runtime_folder = root_}; }
  std::string root_;
};

TEST_F(AnalyzerOf, AnswersAndKeepsItsProcess) {
  Analyzer analyzer(Options());
  const auto first = analyzer.Analyze("x = 1", "a.py");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->at("digest"), "5");
  EXPECT_EQ(first->at("reads").at(0), "a.py");
  const auto second = analyzer.Analyze("y", "b.py");
  ASSERT_TRUE(second);
  EXPECT_EQ(first->at("pid"), second->at("pid"));
  EXPECT_EQ(analyzer.Version().value_or(""), "python-3.11+1");
}

TEST_F(AnalyzerOf, BatchLargerThanEveryPipeComesBackInOrder) {
  Analyzer analyzer(Options());
  std::vector<AnalysisRequest> requests;
  for (int i = 0; i < 300; ++i)
    requests.push_back({std::string(20'000, 'x'), std::string(5'000, 'f') + std::to_string(i)});
  const auto answers = analyzer.Analyze(requests);
  ASSERT_TRUE(answers) << answers.error().message;
  ASSERT_EQ(answers->size(), 300u);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(answers->at(i).at("reads").at(0).as_string(), requests[i].filename);
}

TEST_F(AnalyzerOf, EmptyBatchIsEmpty) {
  Analyzer analyzer(Options());
  const auto answers = analyzer.Analyze(std::vector<AnalysisRequest>{});
  ASSERT_TRUE(answers);
  EXPECT_TRUE(answers->empty());
}

TEST_F(AnalyzerOf, DeathIsTriedOnceMoreAndEarlierAnswersAreKept) {
  Analyzer analyzer(Options());
  const auto answers =
      analyzer.Analyze({{"a", "a.py"}, {"die once " + root_ + "/mark", "b.py"}, {"ccc", "c.py"}});
  ASSERT_TRUE(answers) << answers.error().message;
  EXPECT_EQ(answers->at(2).at("digest"), "3");
  EXPECT_NE(answers->at(0).at("pid"), answers->at(2).at("pid"));
}

TEST_F(AnalyzerOf, SourceThatKillsItIsNamedAndTheNextOneWorks) {
  Analyzer analyzer(Options());
  const auto failed = analyzer.Analyze("die", "blocks/bad.py");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason, "ANALYZER_DIED");
  EXPECT_NE(failed.error().message.find("blocks/bad.py"), std::string::npos);
  EXPECT_TRUE(analyzer.Analyze("x", "a.py"));
}

TEST_F(AnalyzerOf, SourceThatTakesTooLongIsNamedAndTheNextOneWorks) {
  AnalyzerOptions options = Options();
  options.deadline_ms = 1500;
  Analyzer analyzer(options);
  const auto failed = analyzer.Analyze("hang", "blocks/slow.py");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason, "ANALYSIS_TIMEOUT") << failed.error().message;
  EXPECT_NE(failed.error().message.find("blocks/slow.py"), std::string::npos);
  EXPECT_TRUE(analyzer.Analyze("x", "a.py"));
}

TEST_F(AnalyzerOf, OtherVersionIsRefused) {
  WriteScript("7");
  Analyzer analyzer(Options());
  const auto failed = analyzer.Analyze("x", "a.py");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason, "ANALYZER_UNUSABLE");
  EXPECT_NE(failed.error().message.find("version 7"), std::string::npos);
}

TEST_F(AnalyzerOf, MissingRuntimeIsSaidWithPythonsWords) {
  AnalyzerOptions options = Options();
  options.runtime_folder = root_ + "/nowhere";
  Analyzer analyzer(options);
  const auto failed = analyzer.Analyze("x", "a.py");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason, "ANALYZER_UNUSABLE");
  EXPECT_NE(failed.error().message.find("analyze.py"), std::string::npos) << failed.error().message;
  options.python = root_ + "/python";
  Analyzer without(options);
  EXPECT_EQ(without.Analyze("x", "a.py").error().reason, "ANALYZER_UNUSABLE");
}

}  // namespace
}  // namespace easel
