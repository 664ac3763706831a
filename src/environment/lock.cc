#include "environment/lock.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "base/digest.h"
#include "base/file.h"

namespace easel {
namespace {

constexpr std::string_view kHeader = "# easel lock:";
constexpr int kMaxIncludes = 8;

std::string_view Trim(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t\r") - start + 1);
}

void ReadHeader(std::string_view line, Lock& lock) {
  std::istringstream words{std::string(line.substr(kHeader.size()))};
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) continue;
    const std::string key = word.substr(0, equals), value = word.substr(equals + 1);
    if (key == "python") lock.python_minor = value;
    if (key == "platform") lock.platform = value;
    if (key == "spec") lock.spec_digest = value;
  }
}

Result<LockedPackage> ReadPackage(const std::string& text, const std::string& where) {
  std::istringstream words(text);
  std::string word, requirement;
  std::vector<std::string> hashes;
  while (words >> word) {
    if (word.starts_with("--hash="))
      hashes.push_back(word);
    else
      requirement += (requirement.empty() ? "" : " ") + word;
  }
  const std::size_t name_end = std::min(requirement.find_first_of("=<>!~;@[ "), requirement.size());
  LockedPackage package;
  package.name = NormalizePackageName(std::string_view(requirement).substr(0, name_end));
  const std::size_t pin = requirement.find("==");
  const bool direct = requirement.find(" @ ") != std::string::npos;
  if (package.name.empty() || (pin == std::string::npos && !direct))
    return Fail(Code::kInvalidArgument, "LOCK_MALFORMED",
                where + ": `" + requirement +
                    "` has no exact version. A lock has `name==version` with hashes; delete " +
                    "the file to have it made anew");
  if (hashes.empty())
    return Fail(Code::kInvalidArgument, "LOCK_MALFORMED",
                where + ": `" + requirement + "` has no --hash. Delete the file to have it made anew");
  if (!direct) {
    package.version = requirement.substr(pin + 2);
    package.version.resize(std::min(package.version.find_first_of(" ;"), package.version.size()));
  }
  std::ranges::sort(hashes);
  package.line = requirement;
  for (const std::string& hash : hashes) package.line += " " + hash;
  return package;
}

Status AddSpec(const std::string& path, int depth, Sha256& hash) {
  if (depth > kMaxIncludes)
    return Fail(Code::kInvalidArgument, "REQUIREMENTS_TOO_DEEP",
                path + ": includes (-r, -c) nest too deep; is there a circle?");
  EASEL_TRY(const std::string text, ReadFile(path, std::size_t{1} << 24));
  hash.UpdateField(text);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string_view trimmed = Trim(line);
    for (const std::string_view option : {"-r", "-c", "--requirement", "--constraint"}) {
      if (!trimmed.starts_with(option)) continue;
      std::string_view rest = trimmed.substr(option.size());
      if (rest.empty() || (rest[0] != ' ' && rest[0] != '=' && rest[0] != '\t')) continue;
      const std::string included(Trim(rest.substr(1, rest.find(" #") - 1)));
      if (included.find("://") != std::string::npos) continue;
      EASEL_RETURN_IF_ERROR(
          AddSpec(included.starts_with("/") ? included : ParentOf(path) + "/" + included, depth + 1, hash));
    }
  }
  return {};
}

}  // namespace

std::string NormalizePackageName(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool separator = c == '-' || c == '_' || c == '.';
    if (separator && out.ends_with('-')) continue;
    out += separator ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

Result<Lock> ParseLock(std::string_view text, const std::string& where) {
  Lock lock;
  std::string pending;
  int number = 0, started = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.starts_with(kHeader)) ReadHeader(line, lock);
    if (line.starts_with('#')) continue;
    if (pending.empty()) started = number;
    const bool continues = line.ends_with('\\');
    if (continues) line.remove_suffix(1);
    pending += std::string(line) + " ";
    if (continues && !text.empty()) continue;
    const std::string whole(Trim(pending));
    pending.clear();
    if (whole.empty() || whole.starts_with("-")) continue;
    EASEL_TRY(LockedPackage package, ReadPackage(whole, where + ":" + std::to_string(started)));
    lock.packages.push_back(std::move(package));
  }
  return lock;
}

std::string LockHeader(const Lock& lock) {
  return std::string(kHeader) + " python=" + lock.python_minor + " platform=" + lock.platform +
         " spec=" + lock.spec_digest + "\n";
}

std::string EnvironmentDigest(const Lock& lock, std::string_view python_minor, std::string_view platform) {
  std::vector<std::string> lines;
  for (const LockedPackage& package : lock.packages) lines.push_back(package.line);
  std::ranges::sort(lines);
  Sha256 hash;
  hash.UpdateField("easel environment 1").UpdateField(python_minor).UpdateField(platform);
  for (const std::string& line : lines) hash.UpdateField(line);
  return hash.Finish();
}

Result<std::string> SpecDigest(const std::string& path) {
  Sha256 hash;
  EASEL_RETURN_IF_ERROR(AddSpec(path, 0, hash));
  return hash.Finish();
}

}  // namespace easel
