// The command line as a whole: finds the subcommand, parses its words, runs it, and turns what goes wrong into an exit code.
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "cli/arguments.h"

namespace easel {

/// All subcommands, in the order of `easel --help`.
std::span<const CommandSpec> Commands();

/// Run `easel WORDS...` and return the exit code. `out_fd` is the descriptor behind `out`, to learn whether it is a
/// terminal; -1 if there is none.
int RunCommandLine(std::span<const CommandSpec> commands, const std::vector<std::string>& words,
                   std::ostream& out, std::ostream& err, int out_fd);

/// Print the error for a person and return the exit code for its kind: 2 for what the person typed or wrote, 130 for
/// cancelled, 3 for the rest.
int ReportError(const Error& error, std::ostream& err);

}  // namespace easel
