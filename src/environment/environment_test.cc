#include "environment/environment.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stop_token>
#include <thread>

#include "base/file.h"

namespace easel {
namespace {

namespace fs = std::filesystem;

/// Stands in for uv: pins every name to 1.0, makes folders instead of installing, and notes each call.
constexpr std::string_view kFakeUv = R"(#!/bin/bash
root=$(dirname "$0")
echo "$1 $2" >> "$root/calls"
case "$1 $2" in
  "pip compile")
    while [ $# -gt 1 ]; do [ "$1" = --output-file ] && out=$2; shift; done
    if grep -q impossible "$1"; then echo "  x No solution found: impossible needs numpy<1" >&2; exit 1; fi
    grep -v '^#' "$1" | while read -r name; do echo "$name==1.0 --hash=sha256:aa"; done > "$out" ;;
  "venv --quiet")
    for last; do :; done
    mkdir -p "$last/bin" && ln -s /bin/true "$last/bin/python" ;;
  "pip sync")
    if [ -e "$root/hang" ]; then : > "$root/hanging"; exec tail -f /dev/null; fi
    if [ -e "$root/broken" ]; then echo "error: hash mismatch for numpy" >&2; exit 2; fi
    echo "Installed 1 package" >&2 ;;
esac
)";

class EnvironmentOf : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/easel_environment_XXXXXX";
    root_ = ::mkdtemp(name);
    canvas_ = root_ + "/canvas";
    Write("uv", kFakeUv);
    ::chmod((root_ + "/uv").c_str(), 0755);
    options_ = {.cache_folder = root_ + "/cache",
                .uv = root_ + "/uv",
                .shipped_folder = root_ + "/shipped",
                .python = "/usr/bin/python3"};
    Write("shipped/default/requirements.in", "pandas\npolars\nnumpy\n");
    Write("shipped/default/requirements.txt",
          "pandas==3 --hash=sha256:aa\n");  // without a header: fits nothing
    Write("canvas/environments/ml/requirements.txt", "numpy\n");
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(MakeDirectories(ParentOf(root_ + "/" + name)));
    ASSERT_TRUE(WriteFileAtomically(root_ + "/" + name, text));
  }
  std::string Read(const std::string& name) { return ReadFile(root_ + "/" + name).value_or(""); }
  Result<Environment> Prepare(const std::string& name, std::stop_token stop = {}) {
    return PrepareEnvironment(
        options_, canvas_, name, [this](std::string_view line) { lines_ += std::string(line) + "\n"; }, stop);
  }

  std::string root_, canvas_, lines_;
  EnvironmentOptions options_;
};

TEST_F(EnvironmentOf, NewCanvasIsLockedThenInstalledThenReady) {
  const auto before = ResolveEnvironment(options_, canvas_, "ml");
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_FALSE(before->locked);
  EXPECT_TRUE(before->digest.empty());

  const auto made = Prepare("ml");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->ready);
  EXPECT_EQ(made->digest.size(), 64u);
  EXPECT_EQ(made->python, root_ + "/cache/environments/" + made->digest + "/bin/python");
  EXPECT_EQ(made->preload, std::vector<std::string>{"numpy"});
  EXPECT_NE(Read("canvas/environments/ml/requirements.lock").find("numpy==1.0"), std::string::npos);
  EXPECT_NE(lines_.find("Installed 1 package"), std::string::npos);

  const auto after = ResolveEnvironment(options_, canvas_, "ml");
  ASSERT_TRUE(after);
  EXPECT_TRUE(after->ready);
  EXPECT_EQ(after->digest, made->digest);
}

TEST_F(EnvironmentOf, ReadyOneCallsUvNoMore) {
  ASSERT_TRUE(Prepare("ml"));
  const std::string calls = Read("calls");
  ASSERT_TRUE(Prepare("ml"));
  EXPECT_EQ(Read("calls"), calls);
}

TEST_F(EnvironmentOf, EditedRequirementsMakeTheLockStale) {
  const auto first = Prepare("ml");
  ASSERT_TRUE(first);
  Write("canvas/environments/ml/requirements.txt", "numpy\npandas\n");
  const auto edited = ResolveEnvironment(options_, canvas_, "ml");
  ASSERT_TRUE(edited);
  EXPECT_FALSE(edited->locked);
  const auto second = Prepare("ml");
  ASSERT_TRUE(second);
  EXPECT_NE(second->digest, first->digest);
  EXPECT_EQ(second->preload, (std::vector<std::string>{"numpy", "pandas"}));
}

TEST_F(EnvironmentOf, ShippedOneIsLockedInTheCacheWhenItsLockDoesNotFit) {
  const auto made = Prepare("default");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->lock_path.starts_with(root_ + "/cache/locks/default-")) << made->lock_path;
  EXPECT_EQ(made->preload, (std::vector<std::string>{"numpy", "pandas"}));  // polars is not fork-safe
  EXPECT_EQ(Read("shipped/default/requirements.txt"), "pandas==3 --hash=sha256:aa\n");
}

TEST_F(EnvironmentOf, CanvasOverridesTheShippedDefault) {
  Write("canvas/environments/default/requirements.txt", "polars\n");
  const auto made = Prepare("default");
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->lock_path.starts_with(canvas_));
  EXPECT_TRUE(made->preload.empty());
}

TEST_F(EnvironmentOf, UnknownNameListsWhatThereIs) {
  const auto unknown = ResolveEnvironment(options_, canvas_, "defualt");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().reason, "UNKNOWN_ENVIRONMENT");
  EXPECT_NE(unknown.error().message.find("did you mean `default`?"), std::string::npos)
      << unknown.error().message;
  EXPECT_NE(unknown.error().message.find("default and ml"), std::string::npos) << unknown.error().message;
}

TEST_F(EnvironmentOf, CanvasGivenByARelativePathIsTheSame) {
  const auto made = Prepare("ml");
  ASSERT_TRUE(made);
  const auto relative = ResolveEnvironment(options_, fs::relative(canvas_).string(), "ml");
  ASSERT_TRUE(relative);
  EXPECT_EQ(relative->lock_path, made->lock_path);
}

TEST_F(EnvironmentOf, NameThatLeavesTheFolderIsRefused) {
  for (const char* name : {"../x", "", ".", "a/b", "-r"})
    EXPECT_FALSE(ResolveEnvironment(options_, canvas_, name)) << name;
}

TEST_F(EnvironmentOf, UnsatisfiableRequirementsShowUvsWords) {
  Write("canvas/environments/ml/requirements.txt", "impossible\n");
  const auto failed = Prepare("ml");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason, "RESOLUTION_FAILED");
  EXPECT_NE(failed.error().message.find("No solution found"), std::string::npos) << failed.error().message;
  EXPECT_FALSE(fs::exists(canvas_ + "/environments/ml/requirements.lock"));
  EXPECT_FALSE(fs::exists(canvas_ + "/environments/ml/requirements.lock.part"));
}

TEST_F(EnvironmentOf, FailedInstallationLeavesNothingAndTheNextOneWorks) {
  Write("broken", "");
  const auto failed = Prepare("ml");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason, "INSTALL_FAILED");
  EXPECT_NE(failed.error().message.find("hash mismatch"), std::string::npos);
  fs::remove(root_ + "/broken");
  EXPECT_TRUE(Prepare("ml"));
}

TEST_F(EnvironmentOf, WithoutUvTheMessageSaysHowToGetIt) {
  options_.uv.clear();
  const auto failed = Prepare("ml");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("./dev setup"), std::string::npos);
  options_.uv = root_ + "/nowhere";
  const auto wrong = Prepare("ml");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().reason, "UV_MISSING");
}

TEST_F(EnvironmentOf, MissingPythonIsSaid) {
  options_.python = root_ + "/python";
  const auto failed = ResolveEnvironment(options_, canvas_, "ml");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("EASEL_PYTHON"), std::string::npos);
}

TEST_F(EnvironmentOf, CancelDuringInstallationEndsUvAndCleansUp) {
  Write("hang", "");
  std::stop_source source;
  std::jthread canceller([&] {
    while (!fs::exists(root_ + "/hanging")) std::this_thread::yield();
    source.request_stop();
  });
  const auto cancelled = Prepare("ml", source.get_token());
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, Code::kCancelled);
  for (const auto& entry : fs::directory_iterator(root_ + "/cache/environments"))
    EXPECT_FALSE(entry.is_directory()) << entry.path();
  fs::remove(root_ + "/hang");
  EXPECT_TRUE(Prepare("ml"));
}

TEST_F(EnvironmentOf, SecondProcessWaitsAndUsesWhatTheFirstMade) {
  const auto made = Prepare("ml");
  ASSERT_TRUE(made);
  const std::string hidden = made->folder + ".hidden";
  fs::rename(made->folder, hidden);
  // The first process, here: it holds the lock while it builds.
  UniqueFd held(::open((made->folder + ".flock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  const std::string calls = Read("calls");
  const auto second = PrepareEnvironment(options_, canvas_, "ml", [&](std::string_view line) {
    if (line.starts_with("waiting")) {
      fs::rename(hidden, made->folder);
      held.Reset();
    }
  });
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_TRUE(second->ready);
  EXPECT_EQ(Read("calls"), calls);
}

TEST_F(EnvironmentOf, HalfBuiltVenvIsMadeAnew) {
  const auto made = Prepare("ml");
  ASSERT_TRUE(made);
  fs::remove(made->folder + "/easel-environment.json");
  EXPECT_FALSE(ResolveEnvironment(options_, canvas_, "ml")->ready);
  ASSERT_TRUE(Prepare("ml"));
  EXPECT_TRUE(fs::exists(made->folder + "/easel-environment.json"));
}

TEST_F(EnvironmentOf, PreloadFileDecidesAndBadNamesAreRefused) {
  Write("canvas/environments/ml/preload.txt", "numpy  # first\nscipy.stats\n");
  const auto made = Prepare("ml");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->preload, (std::vector<std::string>{"numpy", "scipy.stats"}));
  Write("canvas/environments/ml/preload.txt", "numpy\nos;rm\n");
  const auto refused = ResolveEnvironment(options_, canvas_, "ml");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("preload.txt:2"), std::string::npos);
}

TEST_F(EnvironmentOf, WhatBlocksImportIsPreloadedIfThatIsSafe) {
  auto made = Prepare("ml");
  ASSERT_TRUE(made);
  Write("canvas/files/plotly/__init__.py", "# the canvas's own\n");
  Write("canvas/files/numpy.py", "# the canvas's own\n");
  PreloadImports(*made, {"json", "numpy", "plotly.express", "polars", "sklearn.ensemble", "scipy;rm"},
                 canvas_ + "/files");
  EXPECT_EQ(made->preload, std::vector<std::string>{"sklearn.ensemble"});
  Write("canvas/environments/ml/preload.txt", "numpy\n");
  auto chosen = Prepare("ml");
  ASSERT_TRUE(chosen);
  PreloadImports(*chosen, {"sklearn"}, canvas_ + "/files");
  EXPECT_EQ(chosen->preload, std::vector<std::string>{"numpy"});
}

TEST(ShippedEnvironment, DefaultIsLockedForDebiansPython) {
  EnvironmentOptions options = EnvironmentOptionsOfThisMachine();
  options.shipped_folder = EASEL_SOURCE_DIR "/environments";
  options.python = "/usr/bin/python3";
  const auto found = ResolveEnvironment(options, "/nonexistent", "default");
  ASSERT_TRUE(found) << found.error().message;
  if (found->python_minor != "3.11" || found->platform != "linux-x86_64")
    return;  // its lock is made on first use
  EXPECT_TRUE(found->locked) << "requirements.in is newer than its lock: run scripts/relock";
  EXPECT_EQ(found->lock_path, options.shipped_folder + "/default/requirements.txt");
  EXPECT_EQ(found->preload, (std::vector<std::string>{"numpy", "pandas", "pyarrow"}));
}

}  // namespace
}  // namespace easel
