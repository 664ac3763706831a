#include "cli/render.h"

#include <gtest/gtest.h>

#include "cli/escape.h"

namespace easel {
namespace {

constexpr Terminal kPipe{};
constexpr Terminal kColor{.is_terminal = true, .width = 100, .height = 24, .color = true};

TEST(Escape, HostileSequencesAreDroppedAndTextStays) {
  EXPECT_EQ(SafeText(kColor,
                     "a\x1b]0;owned\x07"
                     "b"),
            "ab")
      << "window title";
  EXPECT_EQ(SafeText(kColor, "a\x1b]52;c;cm0gLXJm\x1b\\b"), "ab") << "clipboard";
  EXPECT_EQ(SafeText(kColor, "a\x1b[2J\x1b[1;1Hb"), "ab") << "clear, move";
  EXPECT_EQ(SafeText(kColor, "a\x1b[6nb"), "ab") << "a report that is answered as if typed";
  EXPECT_EQ(SafeText(kColor, "a\x1bP+q544e\x1b\\b"), "ab") << "device control";
  EXPECT_EQ(SafeText(kColor,
                     "a\x1b"
                     "cb"),
            "ab")
      << "reset";
  EXPECT_EQ(SafeText(kColor, "a\u009b2Jb"), "a2Jb") << "one-character introducer";
  EXPECT_EQ(SafeText(kColor,
                     "a\x07\x08\x0e"
                     "b"),
            "ab");
  EXPECT_EQ(SafeText(kColor, "a\u202eb"), "ab") << "reorders what follows";
  EXPECT_EQ(SafeText(kColor,
                     "a\xff"
                     "b"),
            "a\uFFFDb");
  EXPECT_EQ(SafeText(kColor, "a\x1b"), "a");
  EXPECT_EQ(SafeText(kColor, "a\x1b["), "a");
  EXPECT_EQ(SafeText(kColor, "a\x1b]0;open\nb"), "a\nb") << "an unfinished one ends with its line";
}

TEST(Escape, ColoursPassOnATerminalAndAreSwitchedOff) {
  EXPECT_EQ(SafeText(kColor, "\x1b[31mred\x1b[0m"), "\x1b[31mred\x1b[0m");
  EXPECT_EQ(SafeText(kColor, "\x1b[38;5;9mred"), "\x1b[38;5;9mred\x1b[0m");
  EXPECT_EQ(SafeText(kPipe, "\x1b[31mred\x1b[0m"), "red");
  EXPECT_EQ(SafeText(kColor, "\x1b[8mhidden\x1b[1;8mtoo"), "hiddentoo") << "text must not hide";
  EXPECT_EQ(SafeText(kColor, "\x1b[>4;1mkeys"), "keys") << "ends in m but sets key reporting";
}

TEST(Escape, ValuesStayOnOneLine) {
  EXPECT_EQ(EscapeValue("a\nb\tc\x1b[31m\u202e\x80"), "a\\nb\\tc\\x1b[31m\\u202e\\x80");
  EXPECT_EQ(EscapeValue("é漢"), "é漢");
}

TEST(LineAssembler, AProgressBarIsOneLine) {
  LineAssembler lines;
  EXPECT_EQ(lines.Add("  0%|     |\r 50%|##   |"), "");
  EXPECT_EQ(lines.Add("\r100%|#####|\n"), "100%|#####|\n");
  EXPECT_EQ(lines.Add("dos\r\nunix\nrest"), "dos\nunix\n");
  EXPECT_EQ(lines.Flush(), "rest");
  EXPECT_EQ(lines.Add("\r"), "");
  EXPECT_EQ(lines.Add("x\b-é\b"), "");
  EXPECT_EQ(lines.Flush(), "-");
}

TEST(LineAssembler, ALineWithoutEndIsPassedOnInPieces) {
  LineAssembler lines;
  EXPECT_EQ(lines.Add(std::string(100'000, 'x')).size(), 100'000u);
  EXPECT_TRUE(lines.empty());
}

json::object Bundle(std::string_view text) { return ParseJson(text, "bundle")->get_object(); }

const DisplayPlace kPlace{"my-canvas", "plot"};

TEST(Render, PlainTextIsPreferredToAPage) {
  EXPECT_EQ(RenderDisplay(kPipe, Bundle(R"({"text/html": "<b>x</b>", "text/plain": "x\u001b[2J"})"), kPlace),
            "x\n");
  EXPECT_EQ(RenderDisplay(kPipe, Bundle(R"({"text/html": "<b>x</b>"})"), kPlace),
            "[HTML, 8 B; `easel outputs my-canvas plot --save DIR`]\n");
}

TEST(Render, MarkdownIsShownAsItWasWritten) {
  EXPECT_EQ(
      RenderDisplay(kPipe, Bundle(R"({"text/plain": "<Markdown>", "text/markdown": ["# Hi\n", "there"]})"),
                    kPlace),
      "# Hi\nthere\n");
}

TEST(Render, AnImageIsALineThatSaysHowToGetIt) {
  const json::object bundle = Bundle(
      R"({"text/plain": "<Figure size 640x480>", "image/png": "iVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAYAAAA=\n"})");
  EXPECT_EQ(RenderDisplay(kPipe, bundle, kPlace),
            "[plot: 640x480 PNG, 29 B; `easel outputs my-canvas plot --save DIR`]\n");
  EXPECT_EQ(RenderDisplay(kPipe, Bundle(R"({"application/vnd.vegalite.v5+json": {"a": 1}})"), kPlace),
            "[plot: Vega figure, 7 B; `easel outputs my-canvas plot --save DIR`]\n");
}

TEST(Render, ImageSizesComeFromTheBytesAndNeverFromBeyondThem) {
  EXPECT_EQ(ImageSize("image/png", "\x89PNG"), "");
  EXPECT_EQ(ImageSize("image/gif", std::string_view("GIF89a\x10\x00\x20\x00", 10)), "16x32");
  EXPECT_EQ(ImageSize("image/svg+xml", "<?xml?><svg x=\"1\" width=\"460pt\" height=\"345\">"), "460x345");
  EXPECT_EQ(ImageSize("image/jpeg",
                      std::string_view(
                          "\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xc0\x00\x11\x08\x00\x10\x00\x20\x03", 18)),
            "32x16");
  EXPECT_EQ(ImageSize("image/jpeg", std::string_view("\xff\xd8\xff\xe0\x00\x00", 6)), "");
}

TEST(Render, FilesHaveBytesAndEndings) {
  EXPECT_EQ(FileOf("image/png", json::value("aGk=")).bytes, "hi");
  EXPECT_EQ(FileOf("image/png", json::value("aGk=")).ending, "png");
  EXPECT_EQ(FileOf("image/svg+xml", json::value("<svg/>")).bytes, "<svg/>");
  EXPECT_EQ(FileOf("application/vnd.plotly.v1+json", Bundle(R"({"data": []})")).bytes, "{\"data\":[]}");
  EXPECT_EQ(FileOf("application/x-unknown", json::value("?")).ending, "txt");
}

TEST(Render, AnErrorShowsItsTracebackOrAtLeastItsName) {
  EXPECT_EQ(RenderError(kPipe, Bundle(R"({"ename": "E", "evalue": "v", "traceback": "Traceback\n  E: v"})")),
            "Traceback\n  E: v\n");
  EXPECT_EQ(RenderError(kPipe, Bundle(R"({"ename": "E", "evalue": "v", "traceback": ""})")), "E: v\n");
  EXPECT_EQ(RenderNotice(kPipe, Bundle(R"({"kind": "k", "message": "mind\u001b[2J this"})")),
            "note: mind this\n");
}

}  // namespace
}  // namespace easel
