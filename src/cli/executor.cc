// easel executor: what the process that runs blocks does, ending it, and being it.

#include <ostream>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/executor_client.h"
#include "cli/table.h"
#include "executor/executor.h"
#include "executor/runtime_folder.h"

namespace easel {
namespace {

std::string Seconds(std::int64_t ms) { return HumanDuration(static_cast<double>(ms) / 1000.0); }

std::string MemoryOf(JsonReader& reader) {
  const std::int64_t bytes = reader.IntOr("memory_bytes", 0);
  return bytes > 0 ? HumanBytes(bytes) : "";
}

void ShowStatus(const Terminal& terminal, const json::object& status, std::ostream& out) {
  const json::value value = status;
  JsonReader reader(value, "status");
  out << "Executor " << reader.IntOr("pid", 0) << ": up for " << Seconds(reader.IntOr("uptime_ms", 0))
      << ", isolation `" << EscapeValue(reader.StringOr("mode", "")) << "`";
  const auto missing = reader.StringsOr("missing");
  if (!missing.empty()) out << " without " << EscapeValue(JoinWords(missing));
  out << ", ends " << Seconds(reader.IntOr("linger_ms", 0)) << " after the last run.\n";
  Table attempts({{.header = "ATTEMPT"},
                  {.header = "PHASE"},
                  {.header = "FOR", .right = true},
                  {.header = "MEMORY", .right = true}});
  if (const json::array* list = reader.ArrayOr("attempts"))
    for (const json::value& item : *list) {
      JsonReader row(item, "attempt");
      attempts.Add({EscapeValue(row.StringOr("attempt", "")), EscapeValue(row.StringOr("phase", "")),
                    Seconds(row.IntOr("since_ms", 0)), MemoryOf(row)});
    }
  out << (attempts.empty() ? "No attempt is running.\n" : attempts.Render(terminal));
  Table zygotes({{.header = "WARM PYTHON", .shrinks = true},
                 {.header = "ENVIRONMENT"},
                 {.header = "PID", .right = true},
                 {.header = "PARKED", .right = true},
                 {.header = "MEMORY", .right = true},
                 {.header = ""}});
  if (const json::array* list = reader.ArrayOr("zygotes"))
    for (const json::value& item : *list) {
      JsonReader row(item, "zygote");
      zygotes.Add(
          {EscapeValue(row.StringOr("python", "")),
           EscapeValue(row.StringOr("environment", "").substr(0, 12)), std::to_string(row.IntOr("pid", 0)),
           std::to_string(row.IntOr("parked", 0)), MemoryOf(row),
           row.BoolOr("fork_safe", true) ? "" : "not safe to fork: a fresh interpreter for each attempt"});
    }
  if (!zygotes.empty()) out << zygotes.Render(terminal);
}

int Ask(const Invocation& invocation, json::object request, std::ostream& out, std::ostream& err) {
  const bool json = invocation.Has("json");
  const auto folder = RuntimeFolder();
  if (!folder) return ReportError(folder.error(), err);
  const bool stop = request.at("op") == "stop";
  const auto answer = AskExecutor(*folder, std::move(request));
  if (!answer && answer.error().reason == "EXECUTOR_ABSENT") {
    // Nothing to stop is what was wanted; a status of nothing is an answer, too.
    out << (json ? "{\"running\":false}\n" : "No executor is running; the next `easel run` starts one.\n");
    return kExitGood;
  }
  if (!answer) return ReportError(answer.error(), err);
  json::object status = answer->answer;
  if (json) {
    status["running"] = !stop;
    status["hello"] = answer->hello;
    out << json::serialize(status) << '\n';
  } else if (stop) {
    out << "The executor ends.\n";
  } else {
    ShowStatus(invocation.terminal, status, out);
  }
  return kExitGood;
}

}  // namespace

int RunExecutorCommand(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  const std::string& action = invocation.Word("ACTION");
  if (action == "serve") return RunExecutor(ExecutorOptionsFromEnvironment());
  if (action == "stop")
    return Ask(invocation, {{"op", "stop"}, {"force", invocation.Has("force")}}, out, err);
  return Ask(invocation, {{"op", "status"}}, out, err);
}

}  // namespace easel
