#include "cli/cli.h"

#include <ostream>

#include "base/text.h"
#include "cli/escape.h"

#ifndef EASEL_VERSION
#error "CMake defines EASEL_VERSION"
#endif

namespace easel {
namespace {

constexpr char kQuickStart[] =
    "Quick start:\n"
    "  easel new my-canvas          a folder with canvas.yaml and a first block\n"
    "  easel run my-canvas          run what is not up to date\n"
    "  easel run my-canvas          again: nothing to do\n"
    "  easel state my-canvas        what the blocks left, without running anything\n"
    "  easel plan my-canvas         what would run, and why\n";

std::string Overview(std::span<const CommandSpec> commands) {
  std::string out =
      "Easel runs canvases: graphs of code blocks, each in its own isolated process, whose results are "
      "kept.\n\n"
      "Usage: easel COMMAND …      (easel COMMAND --help has flags and examples)\n\n" +
      std::string(kQuickStart);
  std::string group;
  std::size_t width = 0;
  for (const CommandSpec& command : commands) width = std::max(width, command.name.size());
  for (const CommandSpec& command : commands) {
    if (command.group.empty()) continue;
    if (command.group != group) out += "\n" + command.group + ":\n";
    group = command.group;
    out += "  " + command.name + std::string(width - command.name.size() + 3, ' ') + command.summary + "\n";
  }
  out +=
      "\neasel --version prints the version. Exit codes: 0 good, 1 a block failed, 2 usage or bad canvas,\n"
      "3 infrastructure, 130 cancelled.\n";
  return out;
}

}  // namespace

int ReportError(const Error& error, std::ostream& err) {
  err << SafeText(Terminal{}, error.message) << '\n';
  switch (error.code) {
    case Code::kCancelled: return kExitCancelled;
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kOutOfRange:
    case Code::kUnimplemented: return kExitUsage;
    default: return kExitInfrastructure;
  }
}

int RunCommandLine(std::span<const CommandSpec> commands, const std::vector<std::string>& words,
                   std::ostream& out, std::ostream& err, int out_fd) {
  if (words.empty()) {
    err << Overview(commands);
    return kExitUsage;
  }
  if (words[0] == "--version" || words[0] == "version") {
    out << "easel " EASEL_VERSION "\n";
    return kExitGood;
  }
  const auto find = [&](const std::string& name) -> const CommandSpec* {
    for (const CommandSpec& command : commands)
      if (command.name == name) return &command;
    return nullptr;
  };
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    const CommandSpec* named = words.size() > 1 ? find(words[1]) : nullptr;
    out << (named != nullptr ? HelpText(*named) : Overview(commands));
    return kExitGood;
  }
  const CommandSpec* command = find(words[0]);
  if (command == nullptr) {
    std::vector<std::string> names;
    for (const CommandSpec& known : commands)
      if (!known.group.empty()) names.push_back(known.name);
    err << "easel: there is no command `" << EscapeValue(words[0]) << "`" << DidYouMean(words[0], names)
        << "\n`easel --help` lists the commands.\n";
    return kExitUsage;
  }
  auto invocation = ParseArguments(*command, {words.begin() + 1, words.end()});
  if (!invocation) return ReportError(invocation.error(), err);
  if (invocation->help) {
    out << HelpText(*command);
    return kExitGood;
  }
  invocation->terminal = DescribeTerminal(out_fd, invocation->Value("color", "auto"));
  const int code = command->run(*invocation, out, err);
  out.flush();
  return code;
}

}  // namespace easel
