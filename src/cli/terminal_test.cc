#include "cli/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/live.h"
#include "cli/table.h"

namespace easel {
namespace {

constexpr Terminal kWide{.is_terminal = true, .width = 100, .height = 24};
constexpr Terminal kColored{.is_terminal = true, .width = 100, .height = 24, .color = true};

TEST(Terminal, WidthIsWhatTheTerminalShows) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("é"), 1);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1) << "combining accent";
  EXPECT_EQ(DisplayWidth("漢字"), 4);
  EXPECT_EQ(DisplayWidth("🐧"), 2);
  EXPECT_EQ(DisplayWidth("\x1b[1;31mred\x1b[0m"), 3);
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2) << "not UTF-8";
}

TEST(Terminal, CutTextNeverExceedsItsWidth) {
  EXPECT_EQ(Truncate(kWide, "penguins", 8), "penguins");
  EXPECT_EQ(Truncate(kWide, "penguins", 5), "peng…");
  EXPECT_EQ(Truncate(kWide, "漢字漢字", 6), "漢字…");
  EXPECT_EQ(Truncate(kWide, "\x1b[31mpenguins\x1b[0m", 4), "\x1b[31mpen…\x1b[0m");
  EXPECT_EQ(Truncate({.unicode = false}, "penguins", 5), "pe...");
  EXPECT_EQ(Truncate(kWide, "x", 0), "");
}

TEST(Terminal, APipeHasNeitherColoursNorAWidth) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Terminal pipe = DescribeTerminal(ends[1]);
  EXPECT_FALSE(pipe.is_terminal);
  EXPECT_EQ(pipe.width, 0);
  EXPECT_FALSE(pipe.color);
  EXPECT_TRUE(DescribeTerminal(ends[1], "always").color);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Terminal, ColoursObeyNoColorOnATerminal) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(master, 0);
  ASSERT_EQ(::grantpt(master) + ::unlockpt(master), 0);
  const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
  ASSERT_GE(slave, 0);
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  EXPECT_TRUE(DescribeTerminal(slave).color);
  EXPECT_GT(DescribeTerminal(slave).width, 0);
  EXPECT_FALSE(DescribeTerminal(slave, "never").color);
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(DescribeTerminal(slave).color);
  EXPECT_TRUE(DescribeTerminal(slave, "always").color);
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(DescribeTerminal(slave).color);
  ::close(slave);
  ::close(master);
}

TEST(Table, ColumnsAlignByWidthNotByBytes) {
  Table table({{.header = "NAME"}, {.header = "SIZE", .right = true}, {.header = "EMPTY"}});
  table.Add({"漢字", "1 B"});
  table.Add({"é", "23 KiB"});
  EXPECT_EQ(table.Render({}), "NAME    SIZE\n漢字     1 B\né     23 KiB\n");
}

TEST(Table, ANarrowTerminalCutsTheColumnThatShrinks) {
  Table table({{.header = "NAME"}, {.header = "PREVIEW", .shrinks = true}});
  table.Add({"a", std::string(100, 'x')});
  EXPECT_EQ(table.Render({.is_terminal = true, .width = 20}), "NAME  PREVIEW\na     xxxxxxxxxxxxx…\n");
  EXPECT_EQ(table.Render({}), "NAME  PREVIEW\na     " + std::string(100, 'x') + "\n")
      << "a pipe gets everything";
}

std::vector<LiveRow> Rows(int waiting) {
  std::vector<LiveRow> rows{
      {.block = "load", .state = LiveState::kSucceeded, .started_ms = 1000, .finished_ms = 1500},
      {.block = "bad", .state = LiveState::kFailed, .started_ms = 1500, .finished_ms = 1600},
      {.block = "train", .state = LiveState::kRunning, .phase = "run", .started_ms = 2000}};
  for (int i = 0; i < waiting; ++i) rows.push_back({.block = "w" + std::to_string(i)});
  return rows;
}

TEST(Live, ShowsEveryBlockWhenThereIsRoom) {
  const auto lines = LiveLines(kWide, Rows(1), 6000, 10);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "✔ load       500 ms  ran");
  EXPECT_EQ(lines[2], "▶ train       4.0 s  run");
  EXPECT_EQ(lines[3], "· w0                 waiting");
  EXPECT_EQ(lines[4], "1 running, 1 waiting, 1 ran, 1 failed");
}

TEST(Live, ShowsWhatMattersAndCountsTheRest) {
  const auto lines = LiveLines(kWide, Rows(37), 6000, 4);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].substr(0, std::string("✔ load").size()), "✔ load");
  EXPECT_EQ(lines[3], "… and 37 more; in all: 1 running, 37 waiting, 1 ran, 1 failed");
  const auto one = LiveLines(kWide, Rows(37), 6000, 2);
  ASSERT_EQ(one.size(), 2u);
  EXPECT_NE(one[0].find("train"), std::string::npos) << "the running one comes first";
}

TEST(Live, LinesFitNarrowAndPlainTerminals) {
  for (const int width : {5, 10, 20})
    for (const std::string& line :
         LiveLines({.is_terminal = true, .width = width, .color = true}, Rows(9), 6000, 8))
      EXPECT_LE(DisplayWidth(line), width);
  EXPECT_EQ(LiveLines({.is_terminal = true, .width = 80, .unicode = false}, Rows(0), 6000, 10)[2],
            "> train       4.0 s  run");
}

TEST(Live, RedrawsInPlaceBelowWhatWasPrintedAndLeavesNothing) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  FakeClock clock;
  {
    Live live(ends[1], kWide, clock, {"load"});
    live.Tick();
    live.Print("hello");
    live.Tick();
    EXPECT_EQ(live.MillisecondsToTick(), 100) << "at most ten times a second";
    clock.now_ms += 100;
    live.Tick();
  }
  ::close(ends[1]);
  std::string drawn(4096, 0);
  drawn.resize(static_cast<std::size_t>(::read(ends[0], drawn.data(), drawn.size())));
  ::close(ends[0]);
  EXPECT_NE(drawn.find("\x1b[Jhello\n"), std::string::npos);
  EXPECT_TRUE(drawn.ends_with("\x1b[J\x1b[?2026l"));
  EXPECT_EQ(drawn.find("\x1b[?25l"), std::string::npos) << "the cursor is never hidden";
}

}  // namespace
}  // namespace easel
