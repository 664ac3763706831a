#include "cli/arguments.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace easel {
namespace {

const Flag& HelpFlag() {
  static const Flag flag{.name = "help", .help = "show this text", .letter = 'h'};
  return flag;
}

const Flag& ColorFlag() {
  static const Flag flag{.name = "color",
                         .value = "WHEN",
                         .help = "auto (on a terminal, unless NO_COLOR is set), always or never",
                         .choices = {"auto", "always", "never"}};
  return flag;
}

/// The spec's flags and those that every command has.
std::vector<const Flag*> FlagsOf(const CommandSpec& spec) {
  std::vector<const Flag*> flags;
  for (const Flag& flag : spec.flags) flags.push_back(&flag);
  flags.push_back(&ColorFlag());
  flags.push_back(&HelpFlag());
  return flags;
}

std::unexpected<Error> Wrong(const CommandSpec& spec, std::string problem) {
  return Fail(Code::kInvalidArgument, "USAGE",
              "easel " + spec.name + ": " + std::move(problem) + "\nUsage: " + UsageLine(spec) +
                  "\nMore: easel " + spec.name + " --help");
}

Status CheckChoice(const CommandSpec& spec, const std::string& what, const std::string& value,
                   const std::vector<std::string>& choices) {
  if (choices.empty() || std::ranges::find(choices, value) != choices.end()) return {};
  return Wrong(
      spec, what + " is one of " + JoinWords(choices) + ", not `" + value + "`" + DidYouMean(value, choices));
}

/// A word taken apart as a flag: `--name`, `--name=value`, `-l` or `-lvalue`.
struct FlagWord {
  const Flag* flag = nullptr;
  std::string shown;
  std::string value;
  bool has_value = false;
};

Result<FlagWord> TakeApart(const CommandSpec& spec, const std::vector<const Flag*>& flags,
                           const std::string& word) {
  FlagWord out;
  if (word.starts_with("--")) {
    const std::size_t equals = word.find('=');
    out.shown = word.substr(0, equals);
    if (equals != std::string::npos) {
      out.has_value = true;
      out.value = word.substr(equals + 1);
    }
    for (const Flag* flag : flags)
      if (out.shown.substr(2) == flag->name) out.flag = flag;
  } else {
    out.shown = word.substr(0, 2);
    if (word.size() > 2) {
      out.has_value = true;
      out.value = word.substr(2);
    }
    for (const Flag* flag : flags)
      if (flag->letter != 0 && word[1] == flag->letter) out.flag = flag;
  }
  if (out.flag != nullptr) return out;
  std::vector<std::string> names;
  for (const Flag* flag : flags) names.push_back("--" + flag->name);
  return Wrong(spec, "there is no flag `" + out.shown + "`" + DidYouMean(out.shown, names));
}

std::string FlagColumn(const Flag& flag) {
  std::string out = flag.letter != 0 ? std::string("-") + flag.letter + ", " : "    ";
  out += "--" + flag.name;
  if (!flag.value.empty()) out += " " + flag.value;
  return out;
}

void AppendRows(std::string& out, const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  for (const auto& [left, right] : rows) {
    out += "  " + left;
    if (!right.empty()) out += std::string(width - left.size() + 3, ' ') + right;
    out += '\n';
  }
}

}  // namespace

const std::string& Invocation::Word(std::string_view name) const {
  static const std::string kNone;
  EASEL_CHECK(
      std::ranges::any_of(spec_->positionals, [&](const Positional& known) { return known.name == name; }));
  const auto found = positionals_.find(name);
  return found == positionals_.end() ? kNone : found->second;
}

std::vector<std::string> Invocation::Values(std::string_view flag) const {
  const auto flags = FlagsOf(*spec_);
  EASEL_CHECK(std::ranges::any_of(flags, [&](const Flag* known) { return known->name == flag; }));
  const auto found = flags_.find(flag);
  return found == flags_.end() ? std::vector<std::string>() : found->second;
}

bool Invocation::Has(std::string_view flag) const { return !Values(flag).empty(); }

std::string Invocation::Value(std::string_view flag, std::string_view otherwise) const {
  const auto values = Values(flag);
  return values.empty() ? std::string(otherwise) : values.back();
}

Result<std::int64_t> Invocation::Number(std::string_view flag, std::int64_t otherwise,
                                        std::int64_t least) const {
  const auto values = Values(flag);
  if (values.empty()) return otherwise;
  const std::string& text = values.back();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= least) return number;
  return Wrong(*spec_, "--" + std::string(flag) + " takes a whole number of at least " +
                           std::to_string(least) + ", not `" + text + "`");
}

bool CommandSpec::HasFlag(std::string_view flag_name) const {
  for (const Flag& flag : flags)
    if (flag.name == flag_name) return true;
  return false;
}

Result<Invocation> ParseArguments(const CommandSpec& spec, const std::vector<std::string>& words) {
  Invocation invocation(spec);
  const auto flags = FlagsOf(spec);
  // Help is wanted most by those whose other words are wrong.
  for (const std::string& word : words) {
    if (word == "--") break;
    if (word == "--help" || word == "-h") {
      invocation.help = true;
      return invocation;
    }
  }
  std::vector<std::string> plain;
  bool only_plain = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!only_plain && word == "--") {
      only_plain = true;
      continue;
    }
    if (only_plain || word.size() < 2 || word[0] != '-') {
      plain.push_back(word);
      continue;
    }
    EASEL_TRY(FlagWord taken, TakeApart(spec, flags, word));
    const Flag& flag = *taken.flag;
    if (flag.value.empty() && taken.has_value)
      return Wrong(spec, "`" + taken.shown + "` takes no value, but `" + taken.value + "` was given");
    if (!flag.value.empty() && !taken.has_value) {
      if (i + 1 == words.size()) return Wrong(spec, "`" + taken.shown + "` needs a value: " + flag.help);
      taken.value = words[++i];
    }
    EASEL_RETURN_IF_ERROR(CheckChoice(spec, "`" + taken.shown + "`", taken.value, flag.choices));
    auto& values = invocation.flags_[flag.name];
    if (!values.empty() && !flag.repeated && values.back() != taken.value)
      return Wrong(spec, "`" + taken.shown + "` is given twice");
    values.push_back(taken.value);
  }
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (i >= spec.positionals.size()) return Wrong(spec, "does not know what to do with `" + plain[i] + "`");
    const Positional& positional = spec.positionals[i];
    EASEL_RETURN_IF_ERROR(CheckChoice(spec, positional.name, plain[i], positional.choices));
    invocation.positionals_[positional.name] = plain[i];
  }
  for (std::size_t i = plain.size(); i < spec.positionals.size(); ++i)
    if (spec.positionals[i].required)
      return Wrong(spec, spec.positionals[i].name + " is missing: " + spec.positionals[i].help);
  return invocation;
}

std::string UsageLine(const CommandSpec& spec) {
  std::string out = "easel " + spec.name;
  for (const Positional& positional : spec.positionals)
    out += positional.required ? " " + positional.name : " [" + positional.name + "]";
  for (const Flag& flag : spec.flags) {
    out += flag.letter != 0 && flag.value.empty() ? std::string(" [-") + flag.letter : " [--" + flag.name;
    if (!flag.value.empty()) out += " " + flag.value;
    out += flag.repeated ? "]…" : "]";
  }
  return out;
}

std::string HelpText(const CommandSpec& spec) {
  std::string out = "easel " + spec.name + ": " + spec.summary + "\n\nUsage: " + UsageLine(spec) + "\n";
  if (!spec.details.empty()) out += "\n" + spec.details + "\n";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Positional& positional : spec.positionals) rows.emplace_back(positional.name, positional.help);
  if (!rows.empty()) {
    out += "\nWords:\n";
    AppendRows(out, rows);
  }
  rows.clear();
  for (const Flag* flag : FlagsOf(spec)) rows.emplace_back(FlagColumn(*flag), flag->help);
  out += "\nFlags:\n";
  AppendRows(out, rows);
  if (!spec.examples.empty()) {
    rows.clear();
    for (const Example& example : spec.examples) rows.emplace_back(example.command, example.meaning);
    out += "\nExamples:\n";
    AppendRows(out, rows);
  }
  return out;
}

}  // namespace easel
