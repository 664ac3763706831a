// easel doctor: what this machine offers to blocks, what is missing, and what to do about it.

#include <sys/statvfs.h>

#include <algorithm>
#include <ostream>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/executor_client.h"
#include "cli/table.h"
#include "environment/environment.h"
#include "environment/interpreter.h"
#include "executor/doctor.h"
#include "executor/runtime_folder.h"

namespace easel {
namespace {

/// One line of the report. `needed`: nothing runs without it.
struct Line {
  std::string part;
  std::string name;
  bool ok = false;
  bool needed = false;
  bool optional = false;  ///< nothing is lost on a person's own machine without it
  std::string detail;
  std::string advice;
};

/// The advice of an Error, as one line.
std::string OneLine(const Error& error) { return error.message.substr(0, error.message.find('\n')); }

Line DiskAt(const std::string& name, std::string path) {
  Line line{.part = "disk", .name = name};
  struct statvfs info{};
  // A cache that was never used does not exist yet; its disk is that of the nearest folder above.
  while (::statvfs(path.c_str(), &info) != 0 && path.size() > 1) {
    const std::size_t slash = path.rfind('/');
    path = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  }
  const auto free_bytes = static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
  line.ok = free_bytes >= (std::int64_t{1} << 30);
  line.detail = HumanBytes(free_bytes) + " free at " + path;
  if (!line.ok)
    line.advice =
        "Less than 1 GiB is free: blocks may fail when they save. `easel gc CANVAS` removes old attempts.";
  return line;
}

void ExamineEnvironments(const EnvironmentOptions& options, const std::string& canvas,
                         std::vector<Line>& lines) {
  Line uv{.part = "python", .name = "uv", .ok = !options.uv.empty(), .needed = true, .detail = options.uv};
  if (!uv.ok) {
    uv.detail = "not found";
    uv.advice = "Run `./dev setup`, or install uv and put it into PATH: it makes the environments of blocks.";
  }
  lines.push_back(uv);
  const auto interpreter = DescribeInterpreter(options.python, options.cache_folder);
  Line python{.part = "python", .name = "python", .ok = interpreter.has_value(), .needed = true};
  python.detail = interpreter ? interpreter->minor + " at " + interpreter->python : "";
  if (!interpreter) python.advice = OneLine(interpreter.error());
  lines.push_back(python);
  for (const std::string& name : EnvironmentNames(options, canvas)) {
    const auto environment = ResolveEnvironment(options, canvas, name);
    Line line{.part = "environment", .name = name, .ok = environment.has_value()};
    if (environment)
      line.detail = environment->ready    ? "ready, " + environment->folder
                    : environment->locked ? "locked; the first run builds it"
                                          : "not locked yet; the first run does that";
    else
      line.advice = OneLine(environment.error());
    lines.push_back(line);
  }
}

void ExamineExecutor(std::vector<Line>& lines) {
  Line line{
      .part = "executor", .name = "executor", .ok = true, .detail = "not running; the next run starts one"};
  const auto folder = RuntimeFolder();
  const auto answer = folder ? AskExecutor(*folder, {{"op", "status"}})
                             : Result<ExecutorAnswer>(std::unexpected(folder.error()));
  if (answer) {
    const json::value status = answer->answer;
    JsonReader reader(status, "status");
    line.detail = "running, process " + std::to_string(reader.IntOr("pid", 0)) + ", isolation `" +
                  reader.StringOr("mode", "") + "`";
  } else if (answer.error().reason != "EXECUTOR_ABSENT") {
    line.ok = false;
    line.needed = !folder.has_value();
    line.detail = "";
    line.advice = OneLine(answer.error());
  }
  lines.push_back(line);
}

std::vector<Line> Examine(const std::string& canvas) {
  const EnvironmentOptions options = EnvironmentOptionsOfThisMachine();
  std::vector<Line> lines;
  for (const DoctorFinding& finding : ExamineHost())
    lines.push_back({.part = "isolation",
                     .name = finding.name,
                     .ok = finding.ok,
                     .optional = !finding.needed_by_local,
                     .detail = finding.detail,
                     .advice = finding.advice});
  lines.push_back(DiskAt("canvas", canvas));
  lines.push_back(DiskAt("cache", options.cache_folder));
  ExamineEnvironments(options, canvas, lines);
  ExamineExecutor(lines);
  return lines;
}

void Print(const Terminal& terminal, const std::vector<Line>& lines, std::ostream& out) {
  std::size_t width = 0;
  for (const Line& line : lines) width = std::max(width, line.name.size());
  std::string part;
  for (const Line& line : lines) {
    if (line.part != part) out << Styled(terminal, Style::kBold, line.part) << '\n';
    part = line.part;
    const char* good = terminal.unicode ? "✔" : "ok";
    const char* bad = line.optional ? "-" : terminal.unicode ? "✘" : "no";
    const Style worry = line.optional ? Style::kDim : Style::kRed;
    out << "  " << Styled(terminal, line.ok ? Style::kGreen : worry, line.ok ? good : bad) << " " << line.name
        << std::string(width - line.name.size() + 2, ' ') << EscapeValue(line.detail) << '\n';
    if (!line.advice.empty())
      out << "    " << Styled(terminal, Style::kYellow, EscapeValue(line.advice)) << '\n';
  }
}

}  // namespace

int RunDoctor(const Invocation& invocation, std::ostream& out, std::ostream&) {
  const std::string canvas = invocation.Word("CANVAS").empty() ? "." : invocation.Word("CANVAS");
  const std::vector<Line> lines = Examine(canvas);
  const bool usable = std::ranges::none_of(lines, [](const Line& line) { return line.needed && !line.ok; });
  if (invocation.Has("json")) {
    json::array findings;
    for (const Line& line : lines)
      findings.push_back(json::object{{"part", line.part},
                                      {"name", line.name},
                                      {"ok", line.ok},
                                      {"needed", line.needed},
                                      {"optional", line.optional},
                                      {"detail", ValidUtf8(line.detail)},
                                      {"advice", ValidUtf8(line.advice)}});
    out << json::serialize(json::object{{"usable", usable}, {"findings", std::move(findings)}}) << '\n';
  } else {
    Print(invocation.terminal, lines, out);
    out << (usable ? "Blocks can run here.\n" : "Blocks cannot run here yet.\n");
  }
  return usable ? kExitGood : kExitInfrastructure;
}

}  // namespace easel
