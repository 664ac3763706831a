// All settings of the server in one table, from which files, environment and flags are read and docs/user/settings.md is made.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace easel {

/// kPairs: name=value, separated by commas; in files also a mapping, or one line `setting.name: value` for each.
enum class SettingType { kText, kNumber, kSwitch, kList, kPairs };

struct SettingSpec {
  /// In files, where `a.b` may also be `b` below `a`; EASEL_NAME in the environment, --na-me as a flag, `_` instead of a dot.
  std::string_view name;
  SettingType type;
  std::string_view unit;             ///< of a number; empty: none
  std::string_view otherwise;        ///< the default, as it would be written
  std::int64_t least = 0, most = 0;  ///< of a number
  std::string_view doc;
};

std::span<const SettingSpec> SettingTable();
/// "public_url" -> "EASEL_PUBLIC_URL", "public-url"; "gcp.endpoints" -> "EASEL_GCP_ENDPOINTS", "gcp-endpoints".
std::string SettingVariable(std::string_view name);
std::string SettingFlag(std::string_view name);

/// Values of all settings, each with where it came from. A value; reading a name that the table does not have is a bug.
class Settings {
 public:
  /// A place that has words for some settings; nullopt: not for this one.
  struct Source {
    std::string name;  ///< "--port", "EASEL_PORT", "/x/settings.yaml"
    std::string text;
  };
  using Lookup = std::function<std::optional<std::string>(const SettingSpec& spec)>;

  /// Defaults, then the file (need not be there unless `file_is_asked`), then the environment, then flags: later ones win.
  ///
  /// Errors: kInvalidArgument SETTING_UNKNOWN, SETTING_INVALID, naming the place and what is possible.
  static Result<Settings> Read(const std::string& file, bool file_is_asked, const Lookup& flags);

  const std::string& Text(std::string_view name) const;
  std::int64_t Number(std::string_view name) const;
  bool Switch(std::string_view name) const;
  std::vector<std::string> List(std::string_view name) const;
  /// "a=1,b=2".
  const std::string& Pairs(std::string_view name) const;
  /// "default", a file's path with the line, a variable or a flag.
  const std::string& Origin(std::string_view name) const;

 private:
  struct Value {
    std::string text;
    std::string origin;
  };
  Status Set(const SettingSpec& spec, std::string text, std::string origin);
  const Value& Get(std::string_view name, SettingType type) const;
  std::map<std::string, Value, std::less<>> values_;
};

/// Every setting for programs: name, value, from, variable, default, unit, doc. None is a secret.
json::array SettingList(const Settings& settings);

/// The page docs/user/settings.md.
std::string SettingsPage();

/// The isolation of blocks: what the setting says, but `strict` for a team, unless its operator accepts less by name.
const std::string& IsolationOf(const Settings& settings);

/// Check what blocks are to be kept from against what this process can do.
///
/// Errors: kFailedPrecondition REACH_NEEDS_STRICT, STRICT_NEEDS_ROOT, STRICT_LAYER_MISSING (one that `accept_missing` does not name).
Status CheckIsolation(const Settings& settings);

/// Check what only several settings together can get wrong: an address that others reach, without TLS before it.
///
/// Errors: kFailedPrecondition OPEN_WITHOUT_TLS.
Status CheckExposure(const Settings& settings);

}  // namespace easel
