#include "exchange/notebook.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "canvas/problem.h"

namespace easel {
namespace {

constexpr std::size_t kMostCells = 2000;
constexpr std::size_t kMostSource = std::size_t{4} << 20;  ///< a block's source
constexpr std::size_t kMostNotices = 50;
constexpr std::size_t kMostName = 40;

// Places: a column for each cell of code with the notes before it on top, so many columns side by side.
constexpr double kColumnWidth = 420, kCodeHeight = 190, kNoteHeight = 140, kGap = 40, kRowGap = 120;
constexpr std::size_t kColumns = 6;

std::unexpected<Error> Invalid(const std::string& what) {
  return Fail(Code::kInvalidArgument, "NOTEBOOK_INVALID", "this is no Jupyter notebook: " + what);
}

/// `source` of a cell: a text, or its lines.
Result<std::string> SourceOf(const json::object& cell) {
  const json::value* source = cell.if_contains("source");
  std::string out;
  if (source != nullptr && source->is_string()) {
    out = source->get_string();
  } else if (source != nullptr && source->is_array()) {
    for (const json::value& line : source->get_array()) {
      if (!line.is_string()) return Invalid("a cell's source is not text");
      out += line.get_string();
    }
  } else {
    return Invalid("a cell has no source");
  }
  if (out.size() > kMostSource)
    return Fail(Code::kInvalidArgument, "NOTEBOOK_TOO_LARGE", "a cell has more than 4 MiB of text");
  if (out.find('\0') != std::string::npos) return Invalid("a cell has a NUL character");
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

/// "## Load the data" -> "load_the_data"; "" if there is no heading, or none in Latin letters.
std::string NameOfHeading(std::string_view markdown) {
  for (const std::string& line : Split(markdown, '\n')) {
    if (!line.starts_with('#')) continue;
    std::string out;
    for (const char c : line.substr(std::min(line.find_first_not_of('#'), line.size()))) {
      const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      const bool letter = lower >= 'a' && lower <= 'z';
      if (letter || (!out.empty() && c >= '0' && c <= '9'))
        out += lower;
      else if (!out.empty() && out.back() != '_')
        out += '_';
    }
    if (out.size() > kMostName) {
      out.resize(kMostName);
      out.resize(std::min(out.size(), std::max<std::size_t>(out.rfind('_'), 12)));
    }
    while (out.ends_with('_')) out.pop_back();
    return out;
  }
  return {};
}

class Making {
 public:
  Status Add(const json::object& cell) {
    const json::value* kind = cell.if_contains("cell_type");
    if (kind == nullptr || !kind->is_string()) return Invalid("a cell has no type");
    EASEL_TRY(const std::string source, SourceOf(cell));
    ++cell_;
    if (source.empty()) return {};
    if (kind->get_string() == "code") {
      Code(source);
    } else if (kind->get_string() == "markdown") {
      Note(source);
      if (cell.contains("attachments"))
        Notice("cell " + std::to_string(cell_) +
               ": its attached pictures are left out; put them into files/");
    } else if (kind->get_string() == "raw") {
      Note("```\n" + source + "\n```");
    } else {
      return Invalid("a cell has the type " + Ticked(std::string_view(kind->get_string()).substr(0, 40)));
    }
    return {};
  }

  NotebookCanvas Finish() {
    if (notes_ > 0 || column_ > 0) EndRow();
    return std::move(out_);
  }

 private:
  void Notice(std::string text) {
    if (out_.notices.size() == kMostNotices) out_.notices.emplace_back("… and more of the kind");
    if (out_.notices.size() <= kMostNotices) out_.notices.push_back(std::move(text));
  }

  std::string FreeName(std::string wanted) {
    // Names that differ only by case would be one to file systems that do not tell them apart.
    for (int i = 2; !names_.insert(wanted).second; ++i) {
      wanted = wanted.substr(0, wanted.rfind("__")) + "__" + std::to_string(i);
    }
    return wanted;
  }

  void Note(const std::string& source) {
    const std::string heading = NameOfHeading(source);
    if (!heading.empty()) heading_ = heading;
    Block block{.name = FreeName(heading.empty() ? "note_" + std::to_string(cell_) : "about_" + heading),
                .kind = BlockKind::kMarkdown,
                .source = source + "\n"};
    block.file = "blocks/" + block.name + ".md";
    column_blocks_.push_back(out_.blocks.size());
    ++notes_;
    out_.blocks.push_back(std::move(block));
  }

  void Code(const std::string& source) {
    const PlainCode plain = WithoutMagics(source);
    Block block{.name = FreeName(heading_.empty() ? "cell_" + std::to_string(cell_) : heading_),
                .source = plain.code + "\n"};
    heading_.clear();
    block.file = "blocks/" + block.name + ".py";
    for (const std::string& magic : plain.magics)
      Notice("block " + Ticked(block.name) + ": " + Ticked(magic.substr(0, 100)) +
             (magic.starts_with("%pip") || magic.starts_with("!pip") || magic.starts_with("%conda")
                  ? " is a comment now: packages belong into the canvas's environment"
                  : " is a comment now: only IPython understands it"));
    if (!last_code_.empty()) out_.edges.emplace_back(last_code_, block.name);
    last_code_ = block.name;
    column_blocks_.push_back(out_.blocks.size());
    out_.blocks.push_back(std::move(block));
    EndColumn();
    if (column_ == kColumns) EndRow();
  }

  /// Place what waits: notes from the row's top downward, then the code.
  void EndColumn() {
    double y = 0;
    for (const std::size_t at : column_blocks_) {
      Block& block = out_.blocks[at];
      block.x = static_cast<double>(column_) * kColumnWidth;
      block.y = row_y_ + y;
      y += (block.kind == BlockKind::kMarkdown ? kNoteHeight : kCodeHeight) + kGap;
    }
    row_height_ = std::max(row_height_, y);
    column_blocks_.clear();
    notes_ = 0;
    ++column_;
  }
  void EndRow() {
    if (!column_blocks_.empty()) EndColumn();
    row_y_ += row_height_ + kRowGap - kGap;
    row_height_ = 0;
    column_ = 0;
  }

  NotebookCanvas out_;
  std::set<std::string> names_;
  std::string heading_, last_code_;
  std::size_t cell_ = 0, column_ = 0, notes_ = 0;
  std::vector<std::size_t> column_blocks_;
  double row_y_ = 0, row_height_ = 0;
};

/// The language of a notebook, "python" where it says nothing.
std::string LanguageOf(const json::object& notebook) {
  const auto text = [](const json::object& in, std::string_view group,
                       std::string_view field) -> std::string {
    const json::value* there = in.if_contains(group);
    const json::object* object = there == nullptr ? nullptr : there->if_object();
    const json::value* value = object == nullptr ? nullptr : object->if_contains(field);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  const json::value* about = notebook.if_contains("metadata");
  const json::object* metadata = about == nullptr ? nullptr : about->if_object();
  if (metadata == nullptr) return "python";
  std::string out = text(*metadata, "kernelspec", "language");
  if (out.empty()) out = text(*metadata, "language_info", "name");
  return out.empty() ? "python" : out;
}

}  // namespace

Result<NotebookCanvas> CanvasOfNotebook(std::string_view text) {
  const auto parsed = ParseJson(text, "notebook");
  if (!parsed) return Invalid(parsed.error().message);
  const json::object* notebook = parsed->if_object();
  if (notebook == nullptr) return Invalid("it is not a JSON object");
  const json::value* format = notebook->if_contains("nbformat");
  const json::value* cells = notebook->if_contains("cells");
  if (format == nullptr || !format->is_int64()) return Invalid("it does not say its `nbformat`");
  if (format->get_int64() < 4)
    return Fail(Code::kInvalidArgument, "NOTEBOOK_OLD",
                "this notebook has the form of before 2015: open and save it in Jupyter, or run "
                "`jupyter nbconvert --to notebook --nbformat 4`");
  if (const std::string language = LanguageOf(*notebook); language != "python" && language != "Python")
    return Fail(
        Code::kInvalidArgument, "NOTEBOOK_LANGUAGE",
        "this notebook is written in " + Ticked(language.substr(0, 40)) + "; only Python can be imported");
  if (cells == nullptr || !cells->is_array()) return Invalid("it has no cells");
  if (cells->get_array().size() > kMostCells)
    return Fail(Code::kInvalidArgument, "NOTEBOOK_TOO_LARGE", "a notebook of more than 2000 cells");
  Making making;
  for (const json::value& cell : cells->get_array()) {
    if (!cell.is_object()) return Invalid("a cell is not an object");
    EASEL_RETURN_IF_ERROR(making.Add(cell.get_object()));
  }
  return making.Finish();
}

}  // namespace easel
