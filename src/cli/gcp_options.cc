#include "cli/gcp_options.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "base/file.h"
#include "base/text.h"

namespace easel {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;

std::string Variable(const std::string& name) {
  const char* found = std::getenv(name.c_str());
  return found == nullptr ? "" : found;
}

void Set(const OptionSpec& spec, const std::vector<std::string>& values, ProvisionOptions& options) {
  if (values.empty()) return;
  if (spec.list)
    options.cors_origins = values;
  else
    options.*(spec.text) = values.back();
}

std::vector<std::string> CommaParts(const std::string& text) {
  auto parts = Split(text, ',');
  std::erase(parts, "");
  return parts;
}

Status Ask(const OptionSpec& spec, ProvisionOptions& options, std::ostream& out) {
  out << spec.question << ": " << std::flush;
  std::string line;
  if (!std::getline(std::cin, line))
    return Fail(Code::kCancelled, "CANCELLED", "No answer came; nothing was changed.");
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
  if (!line.empty()) Set(spec, spec.list ? CommaParts(line) : std::vector{line}, options);
  return {};
}

}  // namespace

std::vector<Flag> ProvisionFlags() {
  std::vector<Flag> out;
  for (const OptionSpec& spec : OptionTable())
    out.push_back({.name = OptionFlag(spec.name),
                   .value = std::string(spec.value),
                   .help = std::string(spec.help),
                   .repeated = spec.list});
  return out;
}

Result<ProvisionOptions> SaidOptions(const Invocation& invocation, bool ask, std::ostream& out) {
  ProvisionOptions options;
  const bool reads_file = invocation.Has("config") && invocation.Word("ACTION") != "init";
  if (reads_file) {
    const std::string file = invocation.Value("config");
    EASEL_TRY(const std::string text, ReadFile(file, kMostBytes));
    EASEL_RETURN_IF_ERROR(ReadOptionsFile(text, file, options));
  }
  if (invocation.Has("helm")) options.helm = true;
  for (const OptionSpec& spec : OptionTable()) {
    const std::string variable = Variable(OptionVariable(spec.name)), flag = OptionFlag(spec.name);
    if (!variable.empty()) Set(spec, spec.list ? CommaParts(variable) : std::vector{variable}, options);
    if (invocation.Has(flag)) Set(spec, invocation.Values(flag), options);
  }
  if (!ask) return options;
  // A file is taken as complete but for what nothing works without; who gave nothing is asked for all that matters.
  for (const OptionSpec& spec : OptionTable()) {
    const bool given = spec.list ? !options.cors_origins.empty() : !(options.*(spec.text)).empty();
    const bool named = spec.name == "organization" && !options.bucket.empty();
    const bool needed = spec.name == "project" || spec.name == "region" || spec.name == "organization";
    if (spec.question.empty() || given || named || (reads_file && !needed)) continue;
    EASEL_RETURN_IF_ERROR(Ask(spec, options, out));
  }
  return options;
}

Result<std::string> RecordFile(const Invocation& invocation, const ProvisionOptions& options) {
  if (invocation.Has("record")) return invocation.Value("record");
  std::string folder = Variable("XDG_STATE_HOME");
  if (const std::string home = Variable("HOME"); folder.empty() && !home.empty())
    folder = home + "/.local/state";
  if (folder.empty())
    return Fail(Code::kFailedPrecondition, "NO_HOME",
                "HOME is not set: name a file for the record of what is made by --record FILE.");
  return folder + "/easel/gcp/" + options.bucket + ".json";
}

}  // namespace easel
