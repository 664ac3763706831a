#include "state/manifest.h"

#include <sys/stat.h>

#include <cerrno>
#include <cmath>

#include "base/digest.h"
#include "base/file.h"

namespace easel {

namespace {

constexpr int kManifestFormat = 1;
constexpr double kMaxPhaseMs = 1e11;  // three years
constexpr std::size_t kMaxManifestBytes = std::size_t{256} << 20;

std::map<std::string, std::string> ReadFileMap(JsonReader& reader, std::string_view field, bool absolute) {
  std::map<std::string, std::string> out;
  const json::object* files = reader.ObjectOr(field);
  if (files == nullptr) return out;
  for (const auto& [path, value] : *files) {
    const json::string* text = value.if_string();
    const bool path_good =
        !path.empty() && (path.front() == '/') == absolute && path.find('\0') == std::string_view::npos;
    if (!path_good) reader.Reject(field, absolute ? "expected absolute paths" : "expected relative paths");
    if (text == nullptr || (!absolute && *text != "absent" && *text != "changed" && !IsDigest(*text)))
      reader.Reject(
          field, absolute ? "expected \"<size>:<mtime>\"" : "expected a SHA-256, \"absent\" or \"changed\"");
    else
      out.emplace(std::string(path), std::string(*text));
  }
  return out;
}

json::object WriteFileMap(const std::map<std::string, std::string>& files) {
  json::object out;
  for (const auto& [path, value] : files) out[path] = value;
  return out;
}

json::value WriteNumber(double value) {
  const bool whole = std::fabs(value) < 1e15 && value == std::floor(value);
  return whole ? json::value(static_cast<std::int64_t>(value)) : json::value(value);
}

Status ReadHeader(JsonReader& reader, Manifest& out) {
  out.canvas = reader.String("canvas");
  out.attempt = reader.String("attempt");
  out.run = reader.String("run");
  out.block = reader.String("block");
  out.epoch = reader.Int("epoch");
  out.key = reader.StringOr("key", "");
  out.environment = reader.StringOr("environment", "");
  out.python = reader.StringOr("python", "");
  out.platform = reader.StringOr("platform", "");
  out.started_ms = reader.IntOr("started_ms", 0);
  out.finished_ms = reader.IntOr("finished_ms", 0);
  out.peak_memory_bytes = reader.IntOr("peak_memory_bytes", 0);
  out.flags = reader.StringsOr("flags");
  if (reader.ok() && out.attempt != out.run + "/" + out.block + "." + std::to_string(out.epoch))
    reader.Reject("attempt", "is not <run>/<block>.<epoch> of the same manifest");
  if (const json::object* phases = reader.ObjectOr("phases_ms"))
    for (const auto& [phase, ms] : *phases) {
      const double value = ms.is_number() ? ms.to_number<double>() : -1;
      // Microseconds are as fine as anybody measures, and short numbers are the same after they are written and read.
      if (!(value >= 0 && value < kMaxPhaseMs)) {
        reader.Reject("phases_ms", "expected numbers of milliseconds");
        continue;
      }
      out.phases_ms[std::string(phase)] = std::round(value * 1e3) / 1e3;
    }
  return reader.status();
}

}  // namespace

Result<FileUse> ReadFileUse(const json::value& value, const std::string& where) {
  JsonReader reader(value, where);
  FileUse out;
  out.read = ReadFileMap(reader, "read", false);
  out.written = ReadFileMap(reader, "written", false);
  out.outside = ReadFileMap(reader, "outside", true);
  EASEL_RETURN_IF_ERROR(reader.status());
  return out;
}

json::value WriteFileUse(const FileUse& files) {
  json::object out;
  out["read"] = WriteFileMap(files.read);
  out["written"] = WriteFileMap(files.written);
  out["outside"] = WriteFileMap(files.outside);
  return out;
}

Result<Manifest> ParseManifest(std::string_view text, std::string_view where) {
  EASEL_TRY(const json::value document, ParseJson(text, where));
  JsonReader reader(document, std::string(where));
  const std::int64_t format = reader.Int("easel_manifest");
  EASEL_RETURN_IF_ERROR(reader.status());
  if (format > kManifestFormat)
    return Fail(Code::kFailedPrecondition, "MANIFEST_NEWER",
                std::string(where) + ": written by a newer easel (manifest format " + std::to_string(format) +
                    "); install that version, or delete .easel to start clean");
  if (format != kManifestFormat) reader.Reject("easel_manifest", "expected 1");
  Manifest out;
  EASEL_RETURN_IF_ERROR(ReadHeader(reader, out));
  if (const json::value* files = reader.Find("files"); files != nullptr && !files->is_null()) {
    EASEL_TRY(out.files, ReadFileUse(*files, reader.Where("files")));
  }
  if (const json::array* parents = reader.ArrayOr("parents"))
    for (const json::value& item : *parents) {
      JsonReader parent(item, reader.Where("parents"));
      out.parents.push_back({parent.String("block"), parent.String("attempt"), parent.String("manifest")});
      if (parent.ok() && !IsDigest(out.parents.back().manifest))
        parent.Reject("manifest", "expected a SHA-256");
      EASEL_RETURN_IF_ERROR(parent.status());
    }
  reader.Object("state");
  EASEL_RETURN_IF_ERROR(reader.status());
  EASEL_TRY(out.state, ReadState(*reader.Find("state"), reader.Where("state")));
  return out;
}

std::string SerializeManifest(const Manifest& manifest) {
  json::object out, phases;
  json::array parents;
  for (const auto& [phase, ms] : manifest.phases_ms) phases[phase] = WriteNumber(ms);
  for (const ParentRef& parent : manifest.parents)
    parents.push_back({{"block", parent.block}, {"attempt", parent.attempt}, {"manifest", parent.manifest}});
  out["easel_manifest"] = kManifestFormat;
  out["canvas"] = manifest.canvas;
  out["attempt"] = manifest.attempt;
  out["run"] = manifest.run;
  out["block"] = manifest.block;
  out["epoch"] = manifest.epoch;
  out["key"] = manifest.key;
  out["environment"] = manifest.environment;
  out["python"] = manifest.python;
  out["platform"] = manifest.platform;
  out["started_ms"] = manifest.started_ms;
  out["finished_ms"] = manifest.finished_ms;
  out["phases_ms"] = std::move(phases);
  out["peak_memory_bytes"] = manifest.peak_memory_bytes;
  out["flags"] = json::array(manifest.flags.begin(), manifest.flags.end());
  out["files"] = WriteFileUse(manifest.files);
  out["parents"] = std::move(parents);
  out["state"] = WriteState(manifest.state);
  return json::serialize(out);
}

Result<Manifest> LoadManifest(const std::string& path, std::string_view digest) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return FailErrno("open " + path, errno);
  const auto damaged = [&](const std::string& how) {
    return Fail(
        Code::kDataLoss, "MANIFEST_DAMAGED",
        path + ": damaged: " + how + "; run its block again with --force, or delete .easel to start clean");
  };
  if (!S_ISREG(info.st_mode)) return damaged("not an ordinary file");
  EASEL_TRY(const std::string text, ReadFile(path, kMaxManifestBytes));
  if (!digest.empty())
    if (const std::string found = DigestOf(text); found != digest)
      return damaged("its SHA-256 is " + found + ", not " + std::string(digest));
  auto manifest = ParseManifest(text, path);
  if (!manifest && manifest.error().code == Code::kInvalidArgument) return damaged(manifest.error().message);
  return manifest;
}

std::string AttemptFolder(std::string_view state_root, std::string_view attempt) {
  return std::string(state_root) + "/attempts/" + std::string(attempt);
}

std::string ManifestPath(std::string_view state_root, std::string_view attempt) {
  return AttemptFolder(state_root, attempt) + "/manifest.json";
}

std::string JournalPath(std::string_view state_root, std::string_view attempt) {
  return AttemptFolder(state_root, attempt) + "/journal";
}

std::string ObjectPath(std::string_view state_root, std::string_view digest) {
  return std::string(state_root) + "/objects/" + std::string(digest.substr(0, 2)) + "/" + std::string(digest);
}

}  // namespace easel
