#include "exchange/notebook.h"

#include <gtest/gtest.h>

#include <set>

#include "base/json.h"

namespace easel {
namespace {

struct Cell {
  std::string kind, source;
};

std::string Notebook(const std::vector<Cell>& cells, const std::string& language = "python") {
  json::array list;
  for (const Cell& cell : cells)
    list.push_back(
        json::object{{"cell_type", cell.kind}, {"metadata", json::object()}, {"source", cell.source}});
  return json::serialize(json::object{{"nbformat", 4},
                                      {"nbformat_minor", 5},
                                      {"metadata", {{"kernelspec", {{"language", language}}}}},
                                      {"cells", std::move(list)}});
}

TEST(NotebookTest, CellsBecomeBlocksInTheirOrderAndCodeIsAChain) {
  const auto made = CanvasOfNotebook(Notebook({{"markdown", "# Load data\nfrom disk"},
                                               {"code", "x = 1"},
                                               {"code", ""},
                                               {"code", "y = x"},
                                               {"raw", "as is"},
                                               {"code", "print(y)"}}));
  ASSERT_TRUE(made) << made.error().message;
  std::vector<std::string> names;
  for (const Block& block : made->blocks) names.push_back(block.name);
  EXPECT_EQ(names, (std::vector<std::string>{"about_load_data", "load_data", "cell_4", "note_5", "cell_6"}));
  EXPECT_EQ(made->edges, (std::vector<NamedEdge>{{"load_data", "cell_4"}, {"cell_4", "cell_6"}}));
  EXPECT_EQ(made->blocks[0].kind, BlockKind::kMarkdown);
  EXPECT_EQ(made->blocks[1].source, "x = 1\n");
  EXPECT_EQ(made->blocks[3].source, "```\nas is\n```\n");
  EXPECT_TRUE(MakeCanvas(made->blocks, made->edges));
  EXPECT_TRUE(made->notices.empty());
}

TEST(NotebookTest, AThousandCellsUnderOneHeadingHaveNamesAndPlacesOfTheirOwn) {
  std::vector<Cell> cells;
  for (int i = 0; i < 1000; ++i) {
    cells.push_back({"markdown", "## Same"});
    cells.push_back({"code", "x = 1"});
  }
  const auto made = CanvasOfNotebook(Notebook(cells));
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(MakeCanvas(made->blocks, made->edges));
  std::set<std::pair<double, double>> places;
  for (const Block& block : made->blocks) EXPECT_TRUE(places.emplace(block.x, block.y).second);
}

TEST(NotebookTest, WhatOnlyIPythonUnderstandsIsACommentAndNamed) {
  const auto made = CanvasOfNotebook(Notebook({{"code",
                                                "%matplotlib inline\nimport pandas as pd\n!pip install \\\n  "
                                                "polars\nif x:\n    %time y = 1\ndf.head?"}}));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->blocks[0].source,
            "# %matplotlib inline\nimport pandas as pd\n# !pip install \\\n#   polars\nif x:\n    pass  # "
            "%time y = 1\n"
            "# df.head?\n");
  ASSERT_EQ(made->notices.size(), 4u);
  EXPECT_NE(made->notices[0].find("%matplotlib inline"), std::string::npos);
  EXPECT_NE(made->notices[1].find("environment"), std::string::npos);
}

TEST(NotebookTest, PythonThatLooksLikeMagicStays) {
  const std::string code =
      "text = \"\"\"\n%d items\n!important\n\"\"\"\nrest = (total\n  % 7)\nlong = total \\\n  % 3\nok = a != "
      "b\n"
      "d = {'%a': 1}\n# %comment\nname = '!x'\nq = 'why?'";
  const PlainCode plain = WithoutMagics(code);
  EXPECT_EQ(plain.code, code);
  EXPECT_TRUE(plain.magics.empty());
}

TEST(NotebookTest, ACellInAnotherLanguageIsAllComment) {
  const PlainCode bash = WithoutMagics("\n%%bash\nls -l\necho 'x");
  EXPECT_EQ(bash.code, "\n# %%bash\n# ls -l\n# echo 'x");
  EXPECT_EQ(bash.magics, std::vector<std::string>{"%%bash"});
  EXPECT_EQ(WithoutMagics("%%time\nx = 1").code, "# %%time\nx = 1");
  EXPECT_EQ(WithoutMagics("files = !ls").code, "# files = !ls");
}

TEST(NotebookTest, WhatIsNoNotebookOfPythonIsRefusedWithTheReason) {
  const auto reason = [](const std::string& text) { return CanvasOfNotebook(text).error().reason; };
  EXPECT_EQ(reason("{"), "NOTEBOOK_INVALID");
  EXPECT_EQ(reason("[]"), "NOTEBOOK_INVALID");
  EXPECT_EQ(reason("{\"nbformat\":3,\"worksheets\":[]}"), "NOTEBOOK_OLD");
  EXPECT_EQ(reason(Notebook({}, "R")), "NOTEBOOK_LANGUAGE");
  EXPECT_EQ(reason("{\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\",\"source\":[1]}]}"),
            "NOTEBOOK_INVALID");
  EXPECT_EQ(reason(Notebook(std::vector<Cell>(2001, {"code", "x"}))), "NOTEBOOK_TOO_LARGE");
  EXPECT_EQ(reason(Notebook({{"code", std::string((4 << 20) + 1, 'x')}})), "NOTEBOOK_TOO_LARGE");
}

}  // namespace
}  // namespace easel
