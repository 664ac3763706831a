// The words of a command line: what a subcommand accepts, declared once, from which parsing and --help both follow.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/terminal.h"

namespace easel {

/// Exit codes of every command.
inline constexpr int kExitGood = 0;
inline constexpr int kExitBlockFailed = 1;
inline constexpr int kExitUsage = 2;           ///< wrong words, or a canvas that is not valid
inline constexpr int kExitInfrastructure = 3;  ///< the machine, the executor, damaged files
inline constexpr int kExitCancelled = 130;

/// A word in a fixed place, e.g. CANVAS.
struct Positional {
  std::string name;  ///< as help shows it, in capitals
  std::string help;
  bool required = true;
  std::vector<std::string> choices;  ///< if not empty, one of these
};

/// `--name`, `--name VALUE` or `--name=VALUE`; with a letter also `-l`, `-l VALUE` and `-lVALUE`.
struct Flag {
  std::string name;   ///< without dashes
  std::string value;  ///< what the value is called in help; empty: the flag has none
  std::string help;
  char letter = 0;
  bool repeated = false;  ///< may be given more than once
  std::vector<std::string> choices;
};

struct Example {
  std::string command;
  std::string meaning;
};

class Invocation;

/// A subcommand. Every one also has --help and --color.
struct CommandSpec {
  std::string name;
  std::string group;    ///< heading in `easel --help`; empty: not listed there
  std::string summary;  ///< one line
  std::string details;  ///< further sentences for its own help, if any
  std::vector<Positional> positionals;
  std::vector<Flag> flags;
  std::vector<Example> examples;
  int (*run)(const Invocation& invocation, std::ostream& out, std::ostream& err) = nullptr;

  bool HasFlag(std::string_view flag_name) const;
};

/// What a person typed after the subcommand's name, checked against its spec. A value; reading it cannot fail: asking
/// for a word that the spec does not have is a bug and ends the process.
class Invocation {
 public:
  explicit Invocation(const CommandSpec& spec) : spec_(&spec) {}

  const CommandSpec& spec() const { return *spec_; }
  /// The positional's word, or "" if it was optional and left out.
  const std::string& Word(std::string_view positional) const;
  bool Has(std::string_view flag) const;
  /// The flag's last value, or `otherwise` if it was not given.
  std::string Value(std::string_view flag, std::string_view otherwise = "") const;
  std::vector<std::string> Values(std::string_view flag) const;
  /// A whole number of at least `least`.
  ///
  /// Errors: kInvalidArgument USAGE.
  Result<std::int64_t> Number(std::string_view flag, std::int64_t otherwise, std::int64_t least = 0) const;

  bool help = false;  ///< --help was given; nothing else was checked then
  Terminal terminal;  ///< what `out` is connected to

 private:
  friend Result<Invocation> ParseArguments(const CommandSpec& spec, const std::vector<std::string>& words);
  const CommandSpec* spec_;
  std::map<std::string, std::string, std::less<>> positionals_;
  std::map<std::string, std::vector<std::string>, std::less<>> flags_;
};

/// Errors: kInvalidArgument USAGE with a sentence that names the word, the nearest right one, and the usage line.
Result<Invocation> ParseArguments(const CommandSpec& spec, const std::vector<std::string>& words);

/// "easel logs CANVAS [BLOCK] [-f] [--attempt A]"
std::string UsageLine(const CommandSpec& spec);

/// The text of `easel COMMAND --help`.
std::string HelpText(const CommandSpec& spec);

}  // namespace easel
