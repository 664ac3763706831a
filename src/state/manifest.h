// The manifest of an attempt and the state in it, as values (docs/formats/manifest.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace easel {

struct NotCarried {
  std::string reason;  ///< why it could not be kept, a sentence
  std::string advice;  ///< what to do instead
};

struct Variable {
  std::string slot;    ///< empty if not carried
  std::string member;  ///< the name under which the slot holds it; empty: the variable's own name
  std::string origin;  ///< the block that made or last changed it
  std::string type;    ///< qualified type name
  std::vector<std::int64_t> shape;
  std::int64_t bytes = 0;  ///< approximate size of the value in memory
  std::string preview;     ///< at most 200 characters
  std::optional<NotCarried> not_carried;
};

/// Where a value's Arrow IPC file is: a range of the component, or one of its extents.
struct TableRange {
  std::int64_t offset = 0;  ///< relative to the component
  std::int64_t length = 0;
  std::optional<std::int64_t> extent;  ///< then offset and length are 0
  std::int64_t rows = 0;               ///< rows of the value
  bool complete = false;               ///< the table has all of them
};

/// File names, line numbers and source text of the code in a component; not part of its digest.
struct DebugRange {
  std::int64_t offset = 0;  ///< relative to the component
  std::int64_t length = 0;
};

struct Slot {
  std::string object;                ///< name of the object file that has the component
  std::vector<std::string> objects;  ///< names of other files that its extents use
  std::int64_t offset = 0;
  std::int64_t length = 0;
  std::string codec;   ///< pickle5 or arrow
  std::string digest;  ///< key digest of the content, without references
  std::vector<std::string> names;
  std::vector<std::string> refs;
  std::vector<std::string> reads;
  std::string
      settled;  ///< digest of the content once reloaded and stored again, where it differs from `digest`
  std::string same_as;  ///< another slot whose component this is, too: both are loaded as one
  bool unstable = false;
  bool unverified =
      false;  ///< stored without having been loaded and compared: too large for the time there is
  std::optional<TableRange> table;
  std::optional<DebugRange> debug;
};

/// All variables visible after a block, the slots that hold them (closed under refs), and the process settings.
struct State {
  std::map<std::string, Variable, std::less<>> variables;
  std::map<std::string, Slot, std::less<>> slots;
  std::vector<std::pair<std::string, json::value>> settings;  ///< in the order in which they came
};

struct ParentRef {
  std::string block;
  std::string attempt;
  std::string manifest;  ///< SHA-256
};

struct FileUse {
  std::map<std::string, std::string>
      read;  ///< path below files/ -> SHA-256, "absent", or a listing's digest ("dir/")
  std::map<std::string, std::string> written;  ///< path -> SHA-256
  std::map<std::string, std::string> outside;  ///< absolute path -> "<size>:<mtime ns>"
};

struct Manifest {
  std::string canvas, attempt, run, block;
  std::int64_t epoch = 0;
  std::string key;
  std::string environment;  ///< digest
  std::string python, platform;
  std::int64_t started_ms = 0, finished_ms = 0;
  std::map<std::string, double> phases_ms;
  std::int64_t peak_memory_bytes = 0;
  std::vector<std::string> flags;
  FileUse files;
  std::vector<ParentRef> parents;
  State state;
};

/// Read and write; reading checks shapes, that every variable's slot exists and that slots are closed under refs.
///
/// Errors: kInvalidArgument (naming `where` and the field); kFailedPrecondition MANIFEST_NEWER (a newer format).
Result<Manifest> ParseManifest(std::string_view text, std::string_view where);
std::string SerializeManifest(const Manifest& manifest);
Result<State> ReadState(const json::value& value, const std::string& where);
json::value WriteState(const State& state);
Result<FileUse> ReadFileUse(const json::value& value, const std::string& where);
json::value WriteFileUse(const FileUse& files);

/// Load `path` and check that its SHA-256 is `digest` (skip when empty).
///
/// Errors: kNotFound; kDataLoss MANIFEST_DAMAGED naming the file.
Result<Manifest> LoadManifest(const std::string& path, std::string_view digest);

/// ".easel" relative places.
std::string AttemptFolder(std::string_view state_root, std::string_view attempt);
std::string ManifestPath(std::string_view state_root, std::string_view attempt);
std::string JournalPath(std::string_view state_root, std::string_view attempt);
std::string ObjectPath(std::string_view state_root, std::string_view digest);

}  // namespace easel
