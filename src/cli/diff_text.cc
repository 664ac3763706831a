// A difference as text for a person, and as JSON.

#include <algorithm>

#include "base/text.h"
#include "cli/block_state.h"
#include "cli/diff.h"
#include "cli/escape.h"
#include "cli/stored_canvas.h"
#include "cli/table.h"

namespace easel {
namespace {

constexpr int kWidestValue = 60;

std::string Arrow(const Terminal& terminal) { return terminal.unicode ? " → " : " -> "; }

std::string Sign(const Terminal& terminal, VariableChange change) {
  switch (change) {
    case VariableChange::kAdded: return Styled(terminal, Style::kGreen, "+");
    case VariableChange::kRemoved: return Styled(terminal, Style::kRed, "-");
    case VariableChange::kLost: return Styled(terminal, Style::kRed, "!");
    case VariableChange::kMoved: return Styled(terminal, Style::kCyan, ">");
    default: return Styled(terminal, Style::kYellow, "~");
  }
}

std::string SideText(const Terminal& terminal, const DiffSide& side) {
  const std::string dot = terminal.unicode ? " · " : ", ";
  if (side.attempt)
    return Styled(terminal, Style::kBold, EscapeValue(side.attempt->attempt)) +
           Styled(terminal, Style::kDim, dot + LocalTime(side.attempt->started_ms));
  return Styled(terminal, Style::kBold, side.run->run) +
         Styled(terminal, Style::kDim,
                dot + "ended " + LocalTime(side.run->finished_ms) +
                    (side.run->at.empty() ? "" : dot + "beside what is published, from " + side.run->at));
}

/// "a → b", or one of the two if they are equal.
std::string FromTo(const Terminal& terminal, const std::string& before, const std::string& after) {
  return before == after ? after : before + Arrow(terminal) + after;
}

std::string Value(const Terminal& terminal, const Variable& variable) {
  if (variable.not_carried) return "not carried: " + EscapeValue(variable.not_carried->reason);
  const std::string shown = EscapeValue(variable.preview);
  return terminal.width > 0 ? Truncate(terminal, shown, kWidestValue) : shown;
}

std::string RowsText(const FrameDifference& frame, std::int64_t rows) {
  const bool first = !frame.complete || frame.rows_before != frame.rows_after;
  const std::string of = std::to_string(frame.table.compared_rows);
  const std::string differ = rows == 1 ? " differs" : " differ";
  if (!first) return std::to_string(rows) + " of " + of + (of == "1" ? " row" : " rows") + differ;
  return std::to_string(rows) + (rows == 1 ? " row" : " rows") + differ + " in the first " + of + " rows";
}

std::string ChangeText(const Terminal& terminal, const VariableDifference& variable, bool is_frame) {
  switch (variable.change) {
    case VariableChange::kAdded: return Value(terminal, *variable.after);
    case VariableChange::kRemoved: return "was " + Value(terminal, *variable.before);
    case VariableChange::kMoved:
      return "the same, made by `" + EscapeValue(variable.after->origin) + "` now, by `" +
             EscapeValue(variable.before->origin) + "` before";
    case VariableChange::kLost:
      return "not carried any more: " + EscapeValue(variable.after->not_carried->reason);
    case VariableChange::kRegained: return "carried again: " + Value(terminal, *variable.after);
    case VariableChange::kChanged: break;
  }
  const Variable &was = *variable.before, &is = *variable.after;
  const std::string shape = FromTo(terminal, ShapeText(terminal, was), ShapeText(terminal, is));
  const std::string before = Value(terminal, was), after = Value(terminal, is);
  const std::string bytes = FromTo(terminal, HumanBytes(was.bytes), HumanBytes(is.bytes));
  std::string out;
  if (is_frame)
    out = shape + (was.bytes == is.bytes ? "" : ", " + bytes);
  else if (before != after)
    out = (was.shape == is.shape ? "" : shape + ", ") + FromTo(terminal, before, after);
  else
    out = "other content, looks the same" + (shape.empty() ? "" : ", " + shape) + ", " + bytes;
  if (variable.unstable) out += " (stored differently each time: it may be the same)";
  return out;
}

void AddFrame(const Terminal& terminal, const FrameDifference& frame, Table& table) {
  using Change = TableDifference::Change;
  for (const TableDifference::Column& column : frame.table.columns) {
    const std::string name = EscapeValue(column.name);
    const std::string type =
        column.type_before.empty() || column.type_after.empty()
            ? EscapeValue(column.type_before + column.type_after)
            : FromTo(terminal, EscapeValue(column.type_before), EscapeValue(column.type_after));
    const bool added = column.change == Change::kAdded, removed = column.change == Change::kRemoved;
    std::string what = added                                  ? "new column"
                       : removed                              ? "column is gone"
                       : column.change == Change::kRetyped    ? "another type"
                       : column.change == Change::kCategories ? "other categories, the same values"
                                                              : RowsText(frame, column.rows);
    table.Add({"",
               "  " +
                   Sign(terminal, added     ? VariableChange::kAdded
                                  : removed ? VariableChange::kRemoved
                                            : VariableChange::kChanged) +
                   " " + name,
               type, std::move(what)});
  }
  if (frame.rows_before != frame.rows_after) {
    const std::int64_t more = frame.rows_after - frame.rows_before;
    table.Add({"", "  rows", "", std::to_string(more < 0 ? -more : more) + (more < 0 ? " fewer" : " more")});
  }
  if (frame.table.reordered) table.Add({"", "  columns", "", "in another order"});
  if (frame.table.columns.empty() && frame.rows_before == frame.rows_after && !frame.table.reordered)
    table.Add({"", "  columns", "",
               frame.complete
                   ? "all the same: what differs is beside them (attributes, names, flags)"
                   : "the same in the first " + std::to_string(frame.table.compared_rows) + " rows"});
}

std::string Heading(const Terminal& terminal, const BlockDifference& block, std::size_t shown) {
  std::vector<std::string> parts;
  if (block.before.empty()) parts.push_back("has a result now");
  if (block.after.empty()) parts.push_back("has no result now");
  if (block.code_changed.value_or(false)) parts.push_back("code changed");
  if (block.environment_changed.value_or(false)) parts.push_back("environment changed");
  if (!block.before.empty() && !block.after.empty() && block.problem.empty()) {
    if (block.code_changed && !*block.code_changed) parts.push_back("same code");
    if (!block.code_changed) parts.push_back("code not known any more");
    const std::size_t all = block.state.variables.size() + block.state.same;
    if (shown > 0)
      parts.push_back(std::to_string(shown) + " of " + std::to_string(all) +
                      (all == 1 ? " variable differs" : " variables differ"));
    else
      parts.push_back("it left the same");
  }
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "  " : ", ") + part;
  return Styled(terminal, Style::kBold, EscapeValue(block.block)) + Styled(terminal, Style::kDim, out) + "\n";
}

std::string RenderBlock(const Terminal& terminal, const BlockDifference& block, bool all) {
  Table table({{}, {.style = Style::kBold}, {.shrinks = true}, {.shrinks = true}});
  std::size_t shown = 0;
  for (const VariableDifference& variable : block.state.variables) {
    if (variable.inherited && !all) continue;
    ++shown;
    const auto frame = block.frames.find(variable.name);
    const std::string before = variable.before == nullptr ? variable.after->type : variable.before->type;
    const std::string after = variable.after == nullptr ? variable.before->type : variable.after->type;
    std::string what = ChangeText(terminal, variable, frame != block.frames.end());
    if (variable.inherited && variable.change != VariableChange::kMoved)
      what +=
          Styled(terminal, Style::kDim,
                 "  (by `" + EscapeValue((variable.after ? variable.after : variable.before)->origin) + "`)");
    table.Add({Sign(terminal, variable.change), EscapeValue(variable.name),
               FromTo(terminal, EscapeValue(before), EscapeValue(after)), std::move(what)});
    if (frame != block.frames.end()) AddFrame(terminal, frame->second, table);
  }
  for (const SettingDifference& setting : block.state.settings) {
    if (setting.inherited && !all) continue;
    const VariableChange change = !setting.before  ? VariableChange::kAdded
                                  : !setting.after ? VariableChange::kRemoved
                                                   : VariableChange::kChanged;
    std::string what = !setting.before  ? *setting.after
                       : !setting.after ? "was " + *setting.before
                                        : *setting.before + Arrow(terminal) + *setting.after;
    table.Add({Sign(terminal, change), EscapeValue(setting.key), "setting", EscapeValue(what)});
  }
  std::string out = Heading(terminal, block, shown);
  if (!block.problem.empty()) out += "  " + Styled(terminal, Style::kRed, EscapeValue(block.problem)) + "\n";
  if (!table.empty()) out += table.Render(terminal, 2);
  const auto files = [&](const char* heading, const std::vector<std::string>& paths) {
    if (paths.empty()) return;
    out += "  " + Styled(terminal, Style::kDim, heading);
    for (std::size_t i = 0; i < paths.size(); ++i) out += (i == 0 ? " " : ", ") + EscapeValue(paths[i]);
    out += "\n";
  };
  files("files read that differ:   ", block.read);
  files("files written that differ:", block.written);
  return out;
}

json::value Optional(const std::optional<bool>& value) { return value ? json::value(*value) : json::value(); }

json::value Optional(const std::optional<std::string>& value) {
  if (!value) return nullptr;
  auto parsed = ParseJson(*value, "setting");
  return parsed ? std::move(*parsed) : json::value(*value);
}

json::object SideDocument(const DiffSide& side) {
  if (side.attempt) return {{"attempt", side.attempt->attempt}, {"run", side.attempt->run}};
  return {{"run", side.run->run},
          {"ended_ms", side.run->finished_ms},
          {"at", side.run->at.empty() ? json::value() : json::value(side.run->at)}};
}

json::object FrameDocument(const FrameDifference& frame) {
  json::array columns;
  for (const TableDifference::Column& column : frame.table.columns) {
    json::object entry{{"name", ValidUtf8(column.name)}, {"change", TableChangeName(column.change)}};
    if (!column.type_before.empty()) entry["type_before"] = column.type_before;
    if (!column.type_after.empty()) entry["type_after"] = column.type_after;
    if (column.change == TableDifference::Change::kValues) entry["rows"] = column.rows;
    columns.push_back(std::move(entry));
  }
  return {{"complete", frame.complete},
          {"rows_before", frame.rows_before},
          {"rows_after", frame.rows_after},
          {"compared_rows", frame.table.compared_rows},
          {"differing_rows", frame.table.differing_rows},
          {"reordered", frame.table.reordered},
          {"columns", std::move(columns)}};
}

json::object BlockDocument(const BlockDifference& block) {
  json::array variables, settings;
  for (const VariableDifference& variable : block.state.variables) {
    const auto side = [&](const Variable* one) {
      return one == nullptr ? json::value() : json::value(VariableDocument(variable.name, *one));
    };
    json::object entry{{"name", ValidUtf8(variable.name)}, {"change", VariableChangeName(variable.change)},
                       {"inherited", variable.inherited},  {"unstable", variable.unstable},
                       {"before", side(variable.before)},  {"after", side(variable.after)}};
    if (const auto frame = block.frames.find(variable.name); frame != block.frames.end())
      entry["table"] = FrameDocument(frame->second);
    variables.push_back(std::move(entry));
  }
  for (const SettingDifference& setting : block.state.settings)
    settings.push_back(json::object{{"key", ValidUtf8(setting.key)},
                                    {"before", Optional(setting.before)},
                                    {"after", Optional(setting.after)},
                                    {"by", setting.by},
                                    {"inherited", setting.inherited}});
  const auto attempt = [](const std::string& id) { return id.empty() ? json::value() : json::value(id); };
  json::object out{{"block", block.block},
                   {"before", attempt(block.before)},
                   {"after", attempt(block.after)},
                   {"code_changed", Optional(block.code_changed)},
                   {"environment_changed", Optional(block.environment_changed)},
                   {"files",
                    {{"read", json::array(block.read.begin(), block.read.end())},
                     {"written", json::array(block.written.begin(), block.written.end())}}},
                   {"variables", std::move(variables)},
                   {"settings", std::move(settings)},
                   {"same_variables", block.state.same}};
  if (!block.problem.empty()) out["problem"] = block.problem;
  return out;
}

}  // namespace

std::string RenderDifference(const Terminal& terminal, const Difference& difference) {
  std::string out = Styled(terminal, Style::kDim, "before  ") + SideText(terminal, difference.before) + "\n" +
                    Styled(terminal, Style::kDim, "after   ") + SideText(terminal, difference.after) + "\n\n";
  std::size_t differ = 0, hand_on = 0, same = difference.same.size();
  for (const BlockDifference& block : difference.blocks) {
    if (!block.DiffersItself() && !(difference.one_block && !block.state.empty())) {
      ++(block.state.empty() ? same : hand_on);
      continue;
    }
    if (differ++ > 0) out += "\n";
    out += RenderBlock(terminal, block, difference.one_block);
  }
  const auto blocks = [](std::size_t n, const char* one, const char* many) {
    return std::to_string(n) + (n == 1 ? std::string(" block ") + one : std::string(" blocks ") + many);
  };
  if (difference.one_block) return differ > 0 ? out : out + "Nothing differs.\n";
  std::vector<std::string> parts;
  if (differ > 0) parts.push_back(blocks(differ, "differs", "differ"));
  if (hand_on > 0)
    parts.push_back(blocks(hand_on, "only hands on what others changed", "only hand on what others changed"));
  if (same > 0) parts.push_back(blocks(same, "is the same", "are the same"));
  if (differ > 0) out += "\n";
  if (differ + hand_on == 0) return out + "Nothing differs: " + blocks(same, "is", "are") + " the same.\n";
  return out + JoinWords(parts) + ".\n";
}

json::object DifferenceDocument(const Difference& difference) {
  json::array blocks;
  for (const BlockDifference& block : difference.blocks) blocks.push_back(BlockDocument(block));
  return {{"before", SideDocument(difference.before)},
          {"after", SideDocument(difference.after)},
          {"blocks", std::move(blocks)},
          {"same", json::array(difference.same.begin(), difference.same.end())}};
}

}  // namespace easel
