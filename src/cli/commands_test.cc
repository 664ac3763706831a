// The reading commands on a folder as runs leave it, made here by hand: what a person sees, letter by letter.

#include "cli/commands.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "canvas/reader.h"
#include "cli/cli.h"
#include "metadata/metadata_store.h"
#include "state/journal.h"
#include "state/manifest.h"

namespace easel {
namespace {

constexpr std::int64_t kNoon = 1'700'000'000'000;  // 2023-11-14 22:13:20 UTC

struct Ran {
  int code = 0;
  std::string out, err;
};

Ran Easel(std::vector<std::string> words) {
  std::ostringstream out, err;
  Ran ran;
  ran.code = RunCommandLine(Commands(), words, out, err, -1);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

json::value Json(const std::string& text) {
  const auto parsed = ParseJson(text, "output");
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : json::value(json::object());
}

/// In a folder of its own, which is the working directory, `my-canvas` has three blocks: `load` printed, showed a plot and
/// left two variables and one that was not carried; `train` failed; `report` never ran.
class CommandsTest : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZ", "UTC", 1);
    char name[] = "/tmp/easel_commands_test.XXXXXX";
    folder_ = ::mkdtemp(name);
    ASSERT_EQ(::chdir(folder_.c_str()), 0);
    std::filesystem::create_directories("my-canvas/blocks");
    Write("my-canvas/canvas.yaml",
          "easel: 1\nname: Test\nblocks:\n  load: {kind: python, file: blocks/load.py}\n"
          "  train: {kind: python, file: blocks/train.py}\n  report: {kind: python, file: blocks/report.py}\n"
          "edges:\n  - load -> train\n  - train -> report\n");
    for (const char* block : {"load", "train", "report"})
      Write(std::string("my-canvas/blocks/") + block + ".py", "x = 1\n");
  }
  void TearDown() override {
    ASSERT_EQ(::chdir("/"), 0);
    std::filesystem::remove_all(folder_);
  }

  static void Write(const std::string& path, std::string_view text) {
    ASSERT_TRUE(WriteFileAtomically(path, text));
  }

  static Variable Plain(const std::string& slot, const std::string& type, std::vector<std::int64_t> shape,
                        std::int64_t bytes, const std::string& preview) {
    return {.slot = slot,
            .origin = "load",
            .type = type,
            .shape = std::move(shape),
            .bytes = bytes,
            .preview = preview};
  }

  static std::string WriteManifest(const std::string& attempt) {
    Manifest manifest{
        .canvas = "c1", .attempt = attempt, .run = "r1", .block = "load", .epoch = 2, .key = "k"};
    manifest.files.read["data.csv"] = DigestOf("a");
    manifest.files.read["gone.csv"] = "absent";
    manifest.state.slots[attempt + "#0"] = {.object = DigestOf("o"),
                                            .length = 4096,
                                            .codec = "pickle5",
                                            .digest = DigestOf("d"),
                                            .names = {"df"}};
    manifest.state.slots["r0/old.1#0"] = {
        .object = DigestOf("p"), .length = 1024, .codec = "pickle5", .digest = DigestOf("e"), .names = {"n"}};
    manifest.state.variables["df"] =
        Plain(attempt + "#0", "pandas.DataFrame", {100, 3}, 2400, "   a  b\n0  1  \x1b[2J2");
    manifest.state.variables["n"] = Plain("r0/old.1#0", "int", {}, 28, "42");
    manifest.state.variables["n"].origin = "old";
    manifest.state.variables["conn"] = {
        .origin = "load",
        .type = "sqlite3.Connection",
        .not_carried = NotCarried{"A connection is tied to its process.", "Open it again below."}};
    // The parent from which `n` comes: what it needs is not added.
    Manifest parent{.canvas = "c", .attempt = "r0/old.1", .run = "r0", .block = "old", .epoch = 1};
    parent.state.slots["r0/old.1#0"] = manifest.state.slots["r0/old.1#0"];
    manifest.parents.push_back({"old", parent.attempt, Store(parent)});
    for (const auto& [object, bytes] : {std::pair("o", 4096), std::pair("p", 1024)}) {
      const std::string path = ObjectPath("my-canvas/.easel", DigestOf(object));
      EXPECT_TRUE(MakeDirectories(ParentOf(path)));
      EXPECT_TRUE(WriteFileAtomically(path, std::string(bytes, 'x')));
    }
    return Store(manifest);
  }

  /// Write the manifest to its place; return its digest.
  static std::string Store(const Manifest& manifest) {
    const std::string text = SerializeManifest(manifest);
    const std::string path = ManifestPath("my-canvas/.easel", manifest.attempt);
    EXPECT_TRUE(MakeDirectories(ParentOf(path)));
    EXPECT_TRUE(WriteFileAtomically(path, text));
    return DigestOf(text);
  }

  static void WriteJournal(const std::string& attempt,
                           const std::vector<std::pair<JournalStream, std::string>>& records) {
    const std::string path = JournalPath("my-canvas/.easel", attempt);
    ASSERT_TRUE(MakeDirectories(ParentOf(path)));
    auto writer = JournalWriter::Create(path);
    ASSERT_TRUE(writer) << writer.error().message;
    for (const auto& [stream, payload] : records) ASSERT_TRUE(writer->Append(stream, kNoon * 1000, payload));
  }

  /// What two runs leave.
  void Fill() {
    ASSERT_TRUE(MakeDirectories("my-canvas/.easel"));
    auto store = OpenSqliteMetadata("my-canvas/.easel/" + std::string(kMetadataFile));
    ASSERT_TRUE(store) << store.error().message;
    const auto attempt = [](const std::string& block, std::int64_t epoch, AttemptStatus status,
                            std::int64_t started_ms) {
      return AttemptRecord{.attempt = "r1/" + block + "." + std::to_string(epoch),
                           .run = "r1",
                           .block = block,
                           .epoch = epoch,
                           .status = status,
                           .started_ms = started_ms,
                           .finished_ms = started_ms + 1500};
    };
    AttemptRecord failed = attempt("train", 1, AttemptStatus::kFailed, kNoon + 60'000);
    failed.failure = R"({"kind":"exception","ename":"ValueError","evalue":"bad\u001b[2J","line":6})";
    const std::string digest = WriteManifest("r1/load.2");
    ASSERT_TRUE((*store)->CommitNow(
        {PutRun{{.run = "r1",
                 .mode = "all",
                 .created_ms = kNoon,
                 .finished_ms = kNoon + 9,
                 .status = "failed",
                 .summary = "{\"ran\":[]}"}},
         OpenAttempt{attempt("load", 1, AttemptStatus::kSucceeded, kNoon)},
         OpenAttempt{attempt("load", 2, AttemptStatus::kSucceeded, kNoon + 30'000)},
         Publish{.block = "load", .epoch = 2, .attempt = "r1/load.2", .manifest = digest, .now_ms = kNoon},
         OpenAttempt{failed}, SetBlockOutcome{"train", "failed", "ValueError"}}));
    WriteJournal("r1/load.1", {{JournalStream::kStdout, "the first time\n"}, {JournalStream::kEnd, "{}"}});
    WriteJournal(
        "r1/load.2",
        {{JournalStream::kStdout, "100 ro"},
         {JournalStream::kStdout, "ws\n 50%\r100%\n\x1b]0;owned\x07"},
         {JournalStream::kDisplay,
          R"({"data":{"image/png":"iVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAYAAAA=","text/plain":"<Figure>"},"id":"d1"})"},
         {JournalStream::kDisplay, R"({"data":{"text/plain":"old"},"id":"d2"})"},
         {JournalStream::kDisplay, R"({"data":{"text/plain":"new"},"id":"d2","update":true})"},
         {JournalStream::kStderr, "careful"},
         {JournalStream::kEnd, R"({"status":"succeeded"})"}});
    WriteJournal(
        "r1/train.1",
        {{JournalStream::kError,
          R"({"ename":"ValueError","evalue":"bad","traceback":"blocks/train.py, line 6\nValueError: bad","line":6})"},
         {JournalStream::kEnd, "{}"}});
  }

  std::string folder_;
};

TEST_F(CommandsTest, BeforeTheFirstRunEveryReaderSaysSo) {
  for (const char* command : {"logs", "outputs", "state", "history"}) {
    const Ran ran = Easel({command, "my-canvas"});
    EXPECT_EQ(ran.code, 0) << command;
    EXPECT_EQ(ran.out, "Nothing has run yet. `easel run my-canvas` runs the canvas.\n") << command;
    EXPECT_EQ(Easel({command, "my-canvas", "--json"}).code, 0) << command;
    EXPECT_TRUE(Json(Easel({command, "my-canvas", "--json"}).out).is_object());
  }
  EXPECT_FALSE(std::filesystem::exists("my-canvas/.easel")) << "reading makes nothing";
}

TEST_F(CommandsTest, AFolderThatIsNoCanvasIsAUsageError) {
  std::filesystem::create_directory("empty");
  for (const char* command : {"logs", "outputs", "state", "history", "check"}) {
    EXPECT_EQ(Easel({command, "empty"}).code, 2) << command;
    EXPECT_NE(Easel({command, "empty"}).err.find("canvas.yaml"), std::string::npos) << command;
  }
}

TEST_F(CommandsTest, AnUnknownBlockIsNamedWithTheNearestOne) {
  Fill();
  for (const char* command : {"logs", "outputs", "state", "history"}) {
    const Ran ran = Easel({command, "my-canvas", "laod"});
    EXPECT_EQ(ran.code, 2) << command;
    EXPECT_EQ(ran.err,
              "my-canvas: there is no block `laod`, did you mean `load`?\nBlocks: load, train and report\n");
  }
}

TEST_F(CommandsTest, LogsShowEveryBlocksNewestAttempt) {
  Fill();
  const Ran ran = Easel({"logs", "my-canvas"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "load r1/load.2, succeeded\n"
            "100 rows\n"
            "100%\n"
            "[plot: 640x480 PNG, 29 B; `easel outputs my-canvas load --save DIR`]\n"
            "old\n"
            "new\n"
            "careful\n"
            "train r1/train.1, failed\n"
            "blocks/train.py, line 6\n"
            "ValueError: bad\n");
}

TEST_F(CommandsTest, LogsOfOneBlockHaveNoHeaderAndOlderAttemptsAreKept) {
  Fill();
  EXPECT_EQ(Easel({"logs", "my-canvas", "train"}).out, "blocks/train.py, line 6\nValueError: bad\n");
  for (const char* words : {"1", "load.1", "r1/load.1"})
    EXPECT_EQ(Easel({"logs", "my-canvas", "load", "--attempt", words}).out, "the first time\n") << words;
  const Ran wrong = Easel({"logs", "my-canvas", "load", "--attempt", "9"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.err.find("easel history my-canvas load"), std::string::npos) << wrong.err;
  EXPECT_EQ(Easel({"logs", "my-canvas", "report"}).out, "`report` has not run yet.\n");
}

TEST_F(CommandsTest, FollowingEndsWhenNothingRuns) {
  Fill();
  const Ran ran = Easel({"logs", "my-canvas", "-f"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("load   │ 100 rows\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("load   │ careful\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("train  │ ValueError: bad\n"), std::string::npos) << ran.out;
  EXPECT_EQ(Easel({"logs", "my-canvas", "-f", "--json"}).code, 2);
}

TEST_F(CommandsTest, LogsAsJsonKeepTheRecords) {
  Fill();
  const json::value document = Json(Easel({"logs", "my-canvas", "load", "--json"}).out);
  const json::array& records = document.at("blocks").at(0).at("records").as_array();
  EXPECT_EQ(records.at(0).at("stream"), "stdout");
  EXPECT_EQ(records.at(0).at("text"), "100 rows\n 50%\r100%\n\x1b]0;owned\x07")
      << "chunks joined, bytes as they were";
  EXPECT_EQ(records.at(1).at("stream"), "display");
  EXPECT_EQ(records.back().at("stream"), "end");
  EXPECT_EQ(document.at("blocks").at(0).at("status"), "succeeded");
}

TEST_F(CommandsTest, ADamagedJournalIsNamedAndTheOthersAreShown) {
  Fill();
  const std::string path = JournalPath("my-canvas/.easel", "r1/load.2");
  std::string bytes = *ReadFile(path);
  bytes[kJournalHeaderBytes + 25] ^= 1;
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  Write(path, bytes);
  const Ran ran = Easel({"logs", "my-canvas"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_NE(ran.err.find("journal"), std::string::npos) << ran.err;
  EXPECT_NE(ran.out.find("ValueError: bad\n"), std::string::npos) << ran.out;
}

TEST_F(CommandsTest, OutputsShowWhatWasLastUpdated) {
  Fill();
  const Ran ran = Easel({"outputs", "my-canvas"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "load\n[plot: 640x480 PNG, 29 B; `easel outputs my-canvas load --save DIR`]\nnew\n");
  EXPECT_EQ(Easel({"outputs", "my-canvas", "train"}).out,
            "`train` has no result yet; `easel history my-canvas` lists the attempts.\n");
  const json::value document = Json(Easel({"outputs", "my-canvas", "--json"}).out);
  EXPECT_EQ(document.at("blocks").at(0).at("outputs").at(1).at("data").at("text/plain"), "new");
}

TEST_F(CommandsTest, OutputsAreSavedAsFiles) {
  Fill();
  const Ran ran = Easel({"outputs", "my-canvas", "load", "--save", "shown/here"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "shown/here/load-1.png\nshown/here/load-2.txt\n");
  EXPECT_EQ(ReadFile("shown/here/load-1.png")->substr(0, 4), "\x89PNG");
  EXPECT_EQ(ReadFile("shown/here/load-2.txt"), "new");
}

TEST_F(CommandsTest, StateListsWhatEachBlockMade) {
  Fill();
  const Ran ran = Easel({"state", "my-canvas"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(
      ran.out,
      "load  2 variables · 5.0 KiB in all · 4.0 KiB added · r1/load.2\n"
      "  NAME  TYPE                SHAPE       SIZE  VALUE\n"
      "  conn  sqlite3.Connection                    not carried: A connection is tied to its process.\n"
      "  df    pandas.DataFrame    100 × 3  2.3 KiB     a  b\\n0  1  \\x1b[2J2\n");
}

TEST_F(CommandsTest, StateOfOneBlockHasOriginsAndFiles) {
  Fill();
  const Ran ran = Easel({"state", "my-canvas", "load"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("  n     int                             28 B  old   42\n"), std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("  files read:    data.csv, gone.csv (absent)\n"), std::string::npos) << ran.out;
  EXPECT_EQ(Easel({"state", "my-canvas", "train"}).out,
            "`train` has no result yet; `easel history my-canvas` lists the attempts.\n");
}

TEST_F(CommandsTest, StateOfOneVariableSaysWhyItWasNotCarried) {
  Fill();
  EXPECT_EQ(Easel({"state", "my-canvas", "load", "n"}).out, "n  int · 28 B · from old\n42\n");
  EXPECT_EQ(Easel({"state", "my-canvas", "load", "conn"}).out,
            "conn  sqlite3.Connection · from load\nnot carried: A connection is tied to its process.\nOpen "
            "it again below.\n");
  const Ran wrong = Easel({"state", "my-canvas", "load", "fd"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.err.find("did you mean `df`?"), std::string::npos) << wrong.err;
}

TEST_F(CommandsTest, StateAsJsonHasEverything) {
  Fill();
  const json::value document = Json(Easel({"state", "my-canvas", "--json"}).out);
  const json::value& block = document.at("blocks").at(0);
  EXPECT_EQ(block.at("total_bytes"), 5120);
  EXPECT_EQ(block.at("added_bytes"), 4096);
  EXPECT_EQ(block.at("variables").as_array().size(), 3u);
  EXPECT_EQ(block.at("variables").at(0).at("carried"), false);
  EXPECT_EQ(block.at("variables").at(1).at("shape").at(0), 100);
  EXPECT_EQ(block.at("files").at("read").at("gone.csv"), "absent");
}

TEST_F(CommandsTest, ADamagedManifestIsNamed) {
  Fill();
  Write(ManifestPath("my-canvas/.easel", "r1/load.2"), "{}");
  const Ran ran = Easel({"state", "my-canvas"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_NE(ran.err.find("manifest.json"), std::string::npos) << ran.err;
}

TEST_F(CommandsTest, ADamagedDatabaseIsNamedWithAdvice) {
  Fill();
  Write("my-canvas/.easel/metadata.db", "not a database, but long enough to be read as one");
  const Ran ran = Easel({"state", "my-canvas"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_NE(ran.err.find("metadata.db"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("Delete the folder `.easel/` for a clean start"), std::string::npos) << ran.err;
}

TEST_F(CommandsTest, HistoryIsNewestFirstWithReasons) {
  Fill();
  const Ran ran = Easel({"history", "my-canvas"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "WHEN                 ATTEMPT     STATUS      TIME\n"
            "2023-11-14 22:14:20  r1/train.1  failed     1.5 s  ValueError: bad\\x1b[2J (line 6)\n"
            "2023-11-14 22:13:50  r1/load.2   succeeded  1.5 s  published\n"
            "2023-11-14 22:13:20  r1/load.1   succeeded  1.5 s\n");
  const json::value document = Json(Easel({"history", "my-canvas", "load", "--limit", "1", "--json"}).out);
  ASSERT_EQ(document.at("attempts").as_array().size(), 1u);
  EXPECT_EQ(document.at("attempts").at(0).at("published"), true);
  EXPECT_EQ(document.at("runs").at(0).at("summary").at("ran").as_array().size(), 0u);
  EXPECT_EQ(Easel({"history", "my-canvas", "--limit", "0"}).code, 2);
}

TEST_F(CommandsTest, ReadersWorkWhileAnEngineHasTheDatabaseOpen) {
  Fill();
  auto store = OpenSqliteMetadata("my-canvas/.easel/" + std::string(kMetadataFile));
  ASSERT_TRUE((*store)->CommitNow({SetBlockOutcome{"report", "skipped", "`train` failed"}}));
  EXPECT_EQ(Easel({"state", "my-canvas"}).code, 0);
  EXPECT_EQ(Easel({"history", "my-canvas"}).code, 0);
}

TEST_F(CommandsTest, ACanvasWithMistakesStillShowsItsResults) {
  Fill();
  Write("my-canvas/canvas.yaml", "easel: 1\nblocks:\n  load: {kid: python, file: blocks/load.py}\n");
  EXPECT_NE(Easel({"logs", "my-canvas", "load"}).out.find("100 rows"), std::string::npos);
  const Ran check = Easel({"check", "my-canvas"});
  EXPECT_EQ(check.code, 2);
  EXPECT_NE(check.err.find("canvas.yaml:3:"), std::string::npos) << check.err;
  EXPECT_NE(check.err.find("did you mean `kind`?"), std::string::npos) << check.err;
  const json::value document = Json(Easel({"check", "my-canvas", "--json"}).out);
  EXPECT_EQ(document.at("valid"), false);
  EXPECT_EQ(document.at("problems").at(0).at("line"), 3);
}

TEST_F(CommandsTest, ANewCanvasIsGoodAndNeverOverwritesOne) {
  const Ran made = Easel({"new", "fresh/", "--name", "Say: \"hi\""});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_NE(made.out.find("Next: easel run fresh\n"), std::string::npos) << made.out;
  EXPECT_EQ(Easel({"check", "fresh"}).out.substr(0, 12), "fresh: good:");
  EXPECT_EQ(ReadCanvas("fresh")->name, "Say: \"hi\"");
  const Ran again = Easel({"new", "fresh"});
  EXPECT_EQ(again.code, 2);
  EXPECT_NE(again.err.find("fresh"), std::string::npos) << again.err;
}

TEST_F(CommandsTest, CollectionForgetsOldAttemptsAndKeepsWhatIsPublished) {
  Fill();
  const Ran dry = Easel({"gc", "my-canvas", "--keep", "1", "--dry-run", "--json"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  // Beside the old attempt the folder of one that the database does not know.
  EXPECT_EQ(Json(dry.out).at("forgotten"), 1);
  EXPECT_EQ(Json(dry.out).at("attempts"), json::value({"r0/old.1", "r1/load.1"}));
  EXPECT_NE(Easel({"history", "my-canvas"}).out.find("r1/load.1 "), std::string::npos);
  const Ran ran = Easel({"gc", "my-canvas", "--keep", "1"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out.substr(0, 6), "Freed ");
  EXPECT_EQ(Easel({"history", "my-canvas"}).out.find("r1/load.1 "), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists("my-canvas/.easel/attempts/r1/load.1"));
  EXPECT_NE(Easel({"logs", "my-canvas", "load"}).out.find("100 rows"), std::string::npos);
  EXPECT_NE(Easel({"logs", "my-canvas", "train"}).out.find("ValueError"), std::string::npos);
}

TEST_F(CommandsTest, CollectionWaitsForTheEngineOfTheCanvas) {
  Fill();
  const UniqueFd lock(::open("my-canvas/.easel/engine.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  const Ran ran = Easel({"gc", "my-canvas"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_NE(ran.err.find("a run is under way"), std::string::npos) << ran.err;
  EXPECT_EQ(Easel({"gc", "my-canvas", "--dry-run"}).code, 0);
}

TEST_F(CommandsTest, DoctorReportsEveryPartAndChangesNothing) {
  std::filesystem::create_directories("my-canvas/environments/small");
  Write("my-canvas/environments/small/requirements.txt", "pandas\n");
  const json::value document = Json(Easel({"doctor", "my-canvas", "--json"}).out);
  std::set<std::string> parts;
  for (const json::value& finding : document.at("findings").as_array())
    parts.insert(std::string(finding.at("part").as_string()));
  EXPECT_EQ(parts, (std::set<std::string>{"isolation", "disk", "python", "environment", "executor"}));
  EXPECT_NE(Easel({"doctor", "my-canvas"}).out.find("user_namespaces"), std::string::npos);
}

TEST_F(CommandsTest, WithoutAnExecutorThereIsNothingToStop) {
  ::setenv("EASEL_RUNTIME_DIR", (folder_ + "/runtime").c_str(), 1);
  EXPECT_EQ(Easel({"executor", "status"}).out, "No executor is running; the next `easel run` starts one.\n");
  EXPECT_EQ(Easel({"executor", "stop"}).code, 0);
  EXPECT_EQ(Easel({"executor", "status", "--json"}).out, "{\"running\":false}\n");
  EXPECT_EQ(Easel({"executor", "sto"}).code, 2);
}

}  // namespace
}  // namespace easel
