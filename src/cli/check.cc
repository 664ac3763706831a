// easel check: is the folder a good canvas, and if not, what is wrong and where.

#include <ostream>

#include "base/json.h"
#include "canvas/reader.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"

namespace easel {
namespace {

std::string Count(std::size_t count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

json::object Document(const CanvasReading& reading) {
  json::array problems;
  for (const Problem& problem : reading.problems)
    problems.push_back(json::object{{"file", problem.file},
                                    {"line", problem.line},
                                    {"column", problem.column},
                                    {"message", problem.message}});
  json::object document{{"valid", reading.canvas.has_value()}, {"problems", std::move(problems)}};
  if (reading.canvas) {
    json::array blocks;
    for (const Block& block : reading.canvas->blocks)
      blocks.push_back(
          json::object{{"name", block.name}, {"kind", BlockKindName(block.kind)}, {"file", block.file}});
    document["name"] = reading.canvas->name;
    document["blocks"] = std::move(blocks);
    document["edges"] = EdgesOf(*reading.canvas).size();
  }
  return document;
}

}  // namespace

int RunCheck(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  const std::string& folder = invocation.Word("CANVAS");
  const auto reading = ReadCanvasWithProblems(folder);
  if (!reading) return ReportError(reading.error(), err);
  const bool valid = reading->canvas.has_value();
  if (invocation.Has("json")) {
    out << json::serialize(Document(*reading)) << '\n';
  } else if (valid) {
    out << EscapeValue(folder) << ": good: " << Count(reading->canvas->blocks.size(), "block") << ", "
        << Count(EdgesOf(*reading->canvas).size(), "edge") << ".\n";
  } else {
    for (const Problem& problem : reading->problems) err << SafeText(Terminal{}, problem.ToString()) << '\n';
    err << EscapeValue(folder) << ": " << Count(reading->problems.size(), "problem") << ".\n";
  }
  return valid ? kExitGood : kExitUsage;
}

}  // namespace easel
