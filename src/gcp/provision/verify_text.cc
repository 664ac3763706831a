#include <algorithm>

#include "base/text.h"
#include "gcp/provision/verify.h"

namespace easel {
namespace {

std::string_view ResultName(CheckResult result) {
  switch (result) {
    case CheckResult::kGood: return "good";
    case CheckResult::kFailed: return "failed";
    case CheckResult::kWaiting: return "waiting";
    case CheckResult::kNotRun: break;
  }
  return "not run";
}

}  // namespace

std::string VerifyText(const std::vector<Check>& checks) {
  std::string out;
  for (const Check& check : checks) {
    out += std::string(check.result == CheckResult::kGood     ? "good     "
                       : check.result == CheckResult::kFailed ? "FAILED   "
                                                              : "not run  ") +
           check.who + " " + check.what + "\n";
    if (!check.detail.empty()) out += "           " + check.detail + "\n";
    if (!check.remedy.empty()) {
      out += "           do this:\n";
      for (const std::string& line : Split(check.remedy, '\n'))
        if (!line.empty()) out += "             " + line + "\n";
    }
  }
  const auto count = [&](CheckResult result) { return std::ranges::count(checks, result, &Check::result); };
  const auto failed = count(CheckResult::kFailed), not_run = count(CheckResult::kNotRun);
  out += "\n" + std::to_string(count(CheckResult::kGood)) + " good, " + std::to_string(failed) + " failed, " +
         std::to_string(not_run) + " not run.\n";
  if (failed > 0)
    out +=
        "`easel gcp apply` with the same flags puts right what it made; grants take up to 7 minutes to "
        "act.\n";
  else if (not_run > 0)
    out +=
        "Nothing failed, but what was not run is not proved: run the same command as whom each line names. "
        "Who set this up and the\ncontrol plane see all of it between them.\n";
  return out;
}

json::object VerifyJson(const std::vector<Check>& checks) {
  json::array out;
  for (const Check& check : checks)
    out.push_back(json::object{{"who", check.who},
                               {"what", check.what},
                               {"result", ResultName(check.result)},
                               {"detail", check.detail},
                               {"remedy", check.remedy}});
  return {{"checks", std::move(out)}};
}

}  // namespace easel
