// easel outputs: tables, plots and texts that blocks showed, on the terminal or as files.

#include <unistd.h>

#include <map>
#include <ostream>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/render.h"
#include "cli/run_words.h"
#include "cli/stored_canvas.h"
#include "state/journal.h"
#include "state/manifest.h"

namespace easel {
namespace {

struct BlockOutputs {
  std::string block;
  std::string attempt;
  std::vector<json::object> displays;
  std::vector<std::string> files;  ///< that --save wrote
};

/// A journal that is not there: nothing was shown, unless the whole attempt is gone.
Status CheckStillThere(const StoredCanvas& canvas, const std::string& block, const std::string& attempt) {
  if (!canvas.at || ::access(AttemptFolder(canvas.state_root, attempt).c_str(), F_OK) == 0) return {};
  return Fail(Code::kNotFound, "STATE_COLLECTED",
              "`" + block + "`: what it had shown when run " + canvas.at->run + " ended (attempt " + attempt +
                  ") was removed by `easel gc`");
}

/// The displays in a journal; one that updates another takes its place.
Status ReadDisplays(const StoredCanvas& canvas, const std::string& block, BlockOutputs& outputs) {
  std::vector<json::object>& displays = outputs.displays;
  const std::string path = JournalPath(canvas.state_root, outputs.attempt);
  auto reader = JournalReader::Open(path);
  if (!reader && reader.error().code == Code::kNotFound)
    return CheckStillThere(canvas, block, outputs.attempt);
  if (!reader) return std::unexpected(reader.error());
  std::map<std::string, std::size_t> by_id;
  for (;;) {
    EASEL_TRY(const auto record, reader->Next());
    if (!record) return {};
    if (record->stream != JournalStream::kDisplay) continue;
    auto parsed = ParseJson(record->payload, path);
    if (!parsed) return std::unexpected(parsed.error());
    JsonReader frame(*parsed, path);
    const json::object* data = frame.Object("data");
    const std::string id = frame.StringOr("id", "");
    const bool update = frame.BoolOr("update", false);
    EASEL_RETURN_IF_ERROR(frame.status());
    if (update && by_id.contains(id)) {
      displays[by_id[id]]["data"] = *data;
      continue;
    }
    if (!id.empty()) by_id[id] = displays.size();
    displays.push_back(parsed->get_object());
  }
}

/// Write one display's entries. Its text is left out where something richer is there.
Status Save(const std::string& folder, std::size_t number, const json::object& data, BlockOutputs& outputs) {
  for (const auto& [mime, value] : data) {
    if (mime == "text/plain" && data.size() > 1) continue;
    const DisplayFile file = FileOf(mime, value);
    const std::string path = folder + "/" + outputs.block + "-" + std::to_string(number) + "." + file.ending;
    EASEL_RETURN_IF_ERROR(WriteFileAtomically(path, file.bytes));
    outputs.files.push_back(path);
  }
  return {};
}

json::object Document(const StoredCanvas& canvas, const std::vector<BlockOutputs>& all) {
  json::array blocks;
  for (const BlockOutputs& outputs : all) {
    json::array displays, files;
    for (const json::object& display : outputs.displays) {
      json::object entry{{"data", display.at("data")}};
      for (const std::string_view field : {"id", "metadata"})
        if (const json::value* value = display.if_contains(field)) entry[field] = *value;
      displays.push_back(std::move(entry));
    }
    for (const std::string& file : outputs.files) files.push_back(json::string(ValidUtf8(file)));
    blocks.push_back(json::object{{"block", outputs.block},
                                  {"attempt", outputs.attempt},
                                  {"outputs", std::move(displays)},
                                  {"files", std::move(files)}});
  }
  json::object out{{"blocks", std::move(blocks)}};
  if (canvas.at) out["at"] = canvas.at->run;
  return out;
}

void Print(const Invocation& invocation, const StoredCanvas& canvas, const std::vector<BlockOutputs>& all,
           std::ostream& out) {
  const bool one = !invocation.Word("BLOCK").empty();
  bool any = false;
  for (const BlockOutputs& outputs : all) {
    for (const std::string& file : outputs.files) out << EscapeValue(file) << '\n';
    any = any || !outputs.displays.empty();
    if (invocation.Has("save") || outputs.displays.empty()) continue;
    if (!one) out << Styled(invocation.terminal, Style::kBold, EscapeValue(outputs.block)) << '\n';
    for (const json::object& display : outputs.displays)
      out << RenderDisplay(invocation.terminal, display.at("data").get_object(),
                           {canvas.shown, outputs.block});
  }
  if (all.empty())
    out << NoResultYet(canvas, invocation.Word("BLOCK"));
  else if (!any)
    out << "Nothing was shown; `easel logs " << EscapeValue(canvas.shown) << "` has what was printed.\n";
}

Status ShowOutputs(const Invocation& invocation, std::ostream& out) {
  EASEL_TRY(StoredCanvas canvas, OpenStoredCanvas(invocation.Word("CANVAS")));
  EASEL_RETURN_IF_ERROR(ShowAsOf(canvas, invocation.Value("at")));
  const std::string& block = invocation.Word("BLOCK");
  if (!block.empty()) EASEL_RETURN_IF_ERROR(CheckBlock(canvas, block));
  const std::string folder = invocation.Value("save");
  if (invocation.Has("save")) EASEL_RETURN_IF_ERROR(MakeDirectories(folder));
  std::vector<BlockOutputs> all;
  Status status;
  for (const std::string& name : canvas.blocks) {
    const BlockRecord* record = canvas.Find(name);
    if ((!block.empty() && name != block) || record == nullptr || record->published_attempt.empty()) continue;
    BlockOutputs outputs{.block = name, .attempt = record->published_attempt};
    // One damaged journal does not hide the others.
    if (const Status read = ReadDisplays(canvas, name, outputs); !read) status = read;
    if (invocation.Has("save"))
      for (std::size_t i = 0; i < outputs.displays.size(); ++i)
        EASEL_RETURN_IF_ERROR(Save(folder, i + 1, outputs.displays[i].at("data").get_object(), outputs));
    all.push_back(std::move(outputs));
  }
  if (invocation.Has("json"))
    out << json::serialize(Document(canvas, all)) << '\n';
  else
    Print(invocation, canvas, all, out);
  return status;
}

}  // namespace

int RunOutputs(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  const Status shown = ShowOutputs(invocation, out);
  return shown ? kExitGood : ReportError(shown.error(), err);
}

}  // namespace easel
