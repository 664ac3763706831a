#include "canvas/reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "base/file.h"
#include "canvas/document.h"
#include "canvas/sources.h"

namespace easel {

namespace fs = std::filesystem;

/// The absolute folder of a canvas, given itself or its canvas.yaml.
static Result<std::string> FindCanvasFolder(const std::string& given) {
  std::error_code error;
  fs::path folder = fs::absolute(given.empty() ? "." : given, error).lexically_normal();
  if (folder.filename() == kCanvasFile && !fs::is_directory(folder, error)) folder = folder.parent_path();
  if (folder.filename().empty() && folder.has_relative_path()) folder = folder.parent_path();  // "canvas/"
  struct stat info{};
  const std::string file = (folder / kCanvasFile).string();
  if (::stat(file.c_str(), &info) == 0) {
    if (S_ISREG(info.st_mode)) return folder.string();
    return Fail(Code::kInvalidArgument, "CANVAS_INVALID", file + ": not an ordinary file");
  }
  if (errno != ENOENT && errno != ENOTDIR) return FailErrno("open " + file, errno);
  if (fs::is_directory(folder, error))
    return Fail(Code::kNotFound, "CANVAS_NOT_FOUND",
                given + ": no canvas.yaml in this folder; `easel new FOLDER` makes a canvas");
  return Fail(Code::kNotFound, "CANVAS_NOT_FOUND",
              given + ": no such folder; give the folder of a canvas, or make one with `easel new FOLDER`");
}

Result<CanvasReading> ReadCanvasWithProblems(const std::string& folder, ReadOptions options) {
  EASEL_TRY(const std::string root, FindCanvasFolder(folder));
  // One byte more than the parser takes: it says the sentence about the size.
  struct stat info{};
  std::string text;
  const std::string file = root + "/" + std::string(kCanvasFile);
  CanvasReading out;
  static constexpr off_t kMaxBytes = off_t{64} << 20;
  if (::stat(file.c_str(), &info) == 0 && info.st_size > kMaxBytes) {
    out.problems.push_back({std::string(kCanvasFile), 0, 0,
                            "the file has " + std::to_string(info.st_size >> 20) +
                                " MiB; a canvas of at most 64 MiB can be read"});
    return out;
  }
  EASEL_TRY(text, ReadFile(file, static_cast<std::size_t>(kMaxBytes) + 1));
  ProblemList problems;
  CanvasDocument document = ReadDocument(text, problems);
  document.canvas.root = root;
  if (document.canvas.name.empty()) document.canvas.name = fs::path(root).filename().string();
  CheckGraph(document, problems);
  if (options.sources) ReadSources(root, document, problems);
  out.problems = problems.Take();
  if (out.problems.empty()) out.canvas = std::move(document.canvas);
  return out;
}

Result<Canvas> ReadCanvas(const std::string& folder, ReadOptions options) {
  EASEL_TRY(CanvasReading reading, ReadCanvasWithProblems(folder, options));
  if (!reading.canvas) return std::unexpected(ProblemsAsError(reading.problems));
  return *std::move(reading.canvas);
}

CanvasReading ParseCanvas(std::string_view text) {
  ProblemList problems;
  CanvasDocument document = ReadDocument(text, problems);
  CheckGraph(document, problems);
  CanvasReading out;
  out.problems = problems.Take();
  if (out.problems.empty()) out.canvas = std::move(document.canvas);
  return out;
}

std::vector<NamedEdge> EdgesOf(const Canvas& canvas) {
  std::vector<NamedEdge> out;
  for (std::size_t child = 0; child < canvas.blocks.size(); ++child)
    for (const std::int32_t parent : canvas.parents[child])
      out.emplace_back(canvas.blocks[parent].name, canvas.blocks[child].name);
  return out;
}

}  // namespace easel
