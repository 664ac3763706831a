// easel state: the variables that blocks left, from manifests and Arrow data alone, with no Python process.

#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>

#include "base/text.h"
#include "cli/block_state.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/frame_table.h"
#include "cli/run_words.h"
#include "cli/stored_canvas.h"
#include "cli/table.h"
#include "engine/join.h"

namespace easel {
namespace {

std::string Dot(const Terminal& terminal) { return terminal.unicode ? " · " : ", "; }

/// The inherited variables of which the block that made them has left other content since. Blocks below get the newer one if
/// this block is up to date all the same (docs/decisions/0011).
std::set<std::string> OutdatedNames(const StoredCanvas& canvas, const BlockState& state) {
  std::set<std::string> out;
  std::map<std::string, std::optional<BlockState>> makers;
  StateIndex left(StatePtr(std::shared_ptr<void>(), &state.manifest.state));
  for (const auto& [name, variable] : state.manifest.state.variables) {
    if (variable.origin == state.block) continue;
    const auto [maker, is_new] = makers.try_emplace(variable.origin);
    const BlockRecord* record = canvas.Find(variable.origin);
    if (is_new && record != nullptr && !record->published_attempt.empty())
      if (auto read = ReadBlockState(canvas, *record)) maker->second = *std::move(read);
    if (!maker->second) continue;
    const auto& now = maker->second->manifest.state;
    const auto found = now.variables.find(name);
    if (found == now.variables.end() || found->second.origin != variable.origin) continue;
    if (StateIndex(StatePtr(std::shared_ptr<void>(), &now)).Version(name) != left.Version(name))
      out.insert(name);
  }
  return out;
}

std::string Title(const Terminal& terminal, const BlockState& state, std::size_t shown) {
  return Styled(terminal, Style::kBold, EscapeValue(state.block)) + "  " +
         Styled(terminal, Style::kDim,
                std::to_string(shown) + (shown == 1 ? " variable" : " variables") + Dot(terminal) +
                    HumanBytes(state.total_bytes) + " in all" + Dot(terminal) +
                    HumanBytes(state.added_bytes) + " added" + Dot(terminal) + state.attempt) +
         "\n";
}

/// The variables of one block: only those it made itself, or all of them with where they come from.
void ShowVariables(const Terminal& terminal, const BlockState& state, bool all,
                   const std::set<std::string>& outdated, std::ostream& out) {
  Table table({{.header = "NAME", .style = Style::kBold},
               {.header = "TYPE", .shrinks = true},
               {.header = "SHAPE"},
               {.header = "SIZE", .right = true},
               {.header = "FROM"},
               {.header = "VALUE", .shrinks = true}});
  std::size_t shown = 0;
  for (const auto& [name, variable] : state.manifest.state.variables) {
    if (!all && variable.origin != state.block) continue;
    ++shown;
    std::string value =
        variable.not_carried ? "not carried: " + variable.not_carried->reason : variable.preview;
    if (outdated.contains(name)) value = "(`" + variable.origin + "` left another since) " + value;
    table.Add({EscapeValue(name), EscapeValue(variable.type), ShapeText(terminal, variable),
               variable.not_carried ? "" : HumanBytes(variable.bytes),
               all ? EscapeValue(variable.origin) : "", EscapeValue(value)});
  }
  out << Title(terminal, state, shown) << (shown > 0 ? table.Render(terminal, 2) : "");
}

void ShowFiles(const Terminal& terminal, const FileUse& files, std::ostream& out) {
  const auto list = [&](const char* heading, const std::map<std::string, std::string>& uses) {
    std::string line;
    for (const auto& [path, digest] : uses)
      line += (line.empty() ? "" : ", ") + EscapeValue(path) + (digest == "absent" ? " (absent)" : "");
    if (!line.empty()) out << "  " << Styled(terminal, Style::kDim, heading) << " " << line << '\n';
  };
  list("files read:   ", files.read);
  list("files written:", files.written);
  list("outside:      ", files.outside);
}

Status ShowOne(const Invocation& invocation, const StoredCanvas& canvas, const BlockState& state,
               const std::string& name, std::ostream& out) {
  EASEL_TRY(const std::int64_t head, invocation.Number("head", 10, 0));
  const auto found = state.manifest.state.variables.find(name);
  if (found == state.manifest.state.variables.end()) {
    std::vector<std::string> names;
    for (const auto& [known, variable] : state.manifest.state.variables) names.push_back(known);
    return Fail(
        Code::kNotFound, "VARIABLE_UNKNOWN",
        "block `" + state.block + "` has no variable `" + EscapeValue(name) + "`" + DidYouMean(name, names));
  }
  const Variable& variable = found->second;
  std::optional<TablePreview> frame;
  std::string note;
  if (auto read = ReadFrame(canvas, state, variable, head)) {
    frame = std::move(*read);
  } else if (read.error().code == Code::kUnimplemented) {
    note = read.error().message;  // an installation without tables still has previews
  } else {
    return std::unexpected(read.error());
  }
  const Terminal& terminal = invocation.terminal;
  if (invocation.Has("json")) {
    json::object document = VariableDocument(name, variable);
    document["block"] = state.block;
    document["attempt"] = state.attempt;
    if (canvas.at) document["at"] = canvas.at->run;
    if (frame) document["table"] = FrameDocument(*frame);
    if (!note.empty()) document["note"] = note;
    out << json::serialize(document) << '\n';
    return {};
  }
  std::string facts = variable.type;
  if (const std::string shape = ShapeText(terminal, variable); !shape.empty()) facts += Dot(terminal) + shape;
  if (!variable.not_carried) facts += Dot(terminal) + HumanBytes(variable.bytes);
  out << Styled(terminal, Style::kBold, EscapeValue(name)) << "  "
      << Styled(terminal, Style::kDim,
                EscapeValue(facts) + Dot(terminal) + "from " + EscapeValue(variable.origin))
      << '\n';
  if (variable.not_carried)
    out << "not carried: " << EscapeValue(variable.not_carried->reason) << "\n"
        << EscapeValue(variable.not_carried->advice) << '\n';
  else if (frame)
    out << RenderFrame(terminal, *frame);
  else
    out << EscapeValue(variable.preview) << '\n';
  if (!note.empty()) out << Styled(terminal, Style::kYellow, "note: ") << EscapeValue(note) << '\n';
  return {};
}

Status ShowState(const Invocation& invocation, std::ostream& out) {
  EASEL_TRY(StoredCanvas canvas, OpenStoredCanvas(invocation.Word("CANVAS")));
  EASEL_RETURN_IF_ERROR(ShowAsOf(canvas, invocation.Value("at")));
  const std::string& block = invocation.Word("BLOCK");
  const bool json = invocation.Has("json");
  if (!block.empty()) EASEL_RETURN_IF_ERROR(CheckBlock(canvas, block));
  json::array documents;
  Status status;
  bool any = false;
  for (const std::string& name : canvas.blocks) {
    const BlockRecord* record = canvas.Find(name);
    if ((!block.empty() && name != block) || record == nullptr || record->published_attempt.empty()) continue;
    any = true;
    const auto state = ReadBlockState(canvas, *record);
    if (!state) {
      // One damaged manifest does not hide the others.
      status = std::unexpected(state.error());
      if (!json) out << Styled(invocation.terminal, Style::kRed, EscapeValue(state.error().message)) << '\n';
      continue;
    }
    if (!invocation.Word("NAME").empty())
      return ShowOne(invocation, canvas, *state, invocation.Word("NAME"), out);
    const std::set<std::string> outdated =
        block.empty() ? std::set<std::string>{} : OutdatedNames(canvas, *state);
    if (json) {
      json::object document = StateDocument(*state);
      for (json::value& variable : document.at("variables").get_array())
        if (outdated.contains(std::string(variable.at("name").get_string())))
          variable.get_object()["outdated"] = true;
      documents.push_back(std::move(document));
      continue;
    }
    ShowVariables(invocation.terminal, *state, !block.empty(), outdated, out);
    if (!block.empty()) ShowFiles(invocation.terminal, state->manifest.files, out);
  }
  json::object document{{"blocks", std::move(documents)}};
  if (canvas.at) document["at"] = canvas.at->run;
  if (json)
    out << json::serialize(document) << '\n';
  else if (!any)
    out << NoResultYet(canvas, block);
  return status;
}

}  // namespace

int RunState(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  const Status shown = ShowState(invocation, out);
  return shown ? kExitGood : ReportError(shown.error(), err);
}

}  // namespace easel
