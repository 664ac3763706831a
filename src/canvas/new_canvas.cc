#include "canvas/new_canvas.h"

#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "canvas/problem.h"
#include "canvas/utf8.h"

namespace easel {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBlocks =
    "environment: default\n"
    "blocks:                                  # one line each: a name, what it is, where its code is, where "
    "it stands\n"
    "  load:      {kind: python, file: blocks/load.py, at: [0, 0]}\n"
    "  summarize: {kind: python, file: blocks/summarize.py, at: [420, 0]}\n"
    "edges:                                   # from parent to child; a child sees all variables of its "
    "parents\n"
    "  - load -> summarize\n";

constexpr std::string_view kLoad =
    "import pandas as pd\n"
    "\n"
    "# The working directory is files/: read your own data with pd.read_csv(\"measurements.csv\").\n"
    "measurements = pd.read_csv(\"measurements.csv\", parse_dates=[\"day\"])\n"
    "print(f\"{len(measurements)} rows\")\n";

constexpr std::string_view kSummarize =
    "# `measurements` comes from the parent block `load`.\n"
    "summary = measurements.groupby(\"site\")[\"value\"].agg([\"count\", \"mean\", \"max\"])\n"
    "summary\n";

constexpr std::string_view kMeasurements =
    "day,site,value\n2024-03-01,north,3.1\n2024-03-01,south,7.9\n2024-03-02,north,2.8\n2024-03-02,south,8.4\n"
    "2024-03-03,north,3.6\n2024-03-03,south,9.2\n";

Status CheckFolder(const std::string& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) return {};
  if (status.type() != fs::file_type::directory)
    return Fail(Code::kFailedPrecondition, "FOLDER_NOT_EMPTY",
                folder + " is a file: give the name of a new folder");
  if (fs::is_empty(folder, error)) return {};
  if (error) return FailErrno("read " + folder, error.value());
  return Fail(Code::kFailedPrecondition, "FOLDER_NOT_EMPTY",
              folder + (fs::exists(folder + "/canvas.yaml", error)
                            ? " is a canvas already: run it with `easel run " + folder + "`"
                            : " is not empty: give the name of a new folder"));
}

}  // namespace

Result<std::string> NewCanvas(const std::string& folder, std::string_view name) {
  std::error_code error;
  fs::path root = fs::absolute(folder.empty() ? "." : folder, error).lexically_normal();
  if (root.filename().empty() && root.has_relative_path()) root = root.parent_path();
  const std::string title = name.empty() ? root.filename().string() : std::string(name);
  if (title.size() > 200 || title.find('\n') != std::string::npos || FindInvalidUtf8(title))
    return Fail(Code::kInvalidArgument, "CANVAS_NAME",
                Ticked(title) + ": a canvas's name is one line of at most 200 bytes of UTF-8");
  EASEL_RETURN_IF_ERROR(CheckFolder(root.string()));
  const auto put = [&](const std::string& path, std::string_view text) -> Status {
    EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf((root / path).string())));
    return WriteFileAtomically((root / path).string(), text, {.create_only = true});
  };
  EASEL_RETURN_IF_ERROR(put(".gitignore", ".easel/\n"));
  EASEL_RETURN_IF_ERROR(put("blocks/load.py", kLoad));
  EASEL_RETURN_IF_ERROR(put("blocks/summarize.py", kSummarize));
  EASEL_RETURN_IF_ERROR(put("files/measurements.csv", kMeasurements));
  // Last, so that a folder with a canvas.yaml is whole. JSON's strings are YAML's, too.
  const std::string quoted = json::serialize(json::string(title));
  EASEL_RETURN_IF_ERROR(
      put("canvas.yaml", "easel: 1                                 # format version\nname: " + quoted + "\n" +
                             std::string(kBlocks)));
  return root.string();
}

}  // namespace easel
