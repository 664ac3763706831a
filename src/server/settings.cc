#include "server/settings.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "canvas/problem.h"
#include "canvas/yaml.h"
#include "executor/attempt_spec.h"
#include "executor/group_tree.h"
#include "executor/reachable.h"
#include "gcp/credentials.h"

namespace easel {
namespace {

constexpr SettingSpec kTable[] = {
    {"host", SettingType::kText, "", "127.0.0.1", 0, 0,
     "Numeric address to listen on. One that others can reach needs a proxy that speaks TLS before it "
     "(`proxy`)."},
    {"port", SettingType::kNumber, "", "8765", 0, 65535, "Port to listen on; 0 picks a free one."},
    {"public_url", SettingType::kText, "", "", 0, 0,
     "How browsers reach the server, if not by host and port: https://easel.example.org. With https, cookies "
     "are sent "
     "over TLS only."},
    {"hosts", SettingType::kList, "", "", 0, 0,
     "Further names that the server answers to. Requests to other names are refused, against DNS rebinding."},
    {"proxy", SettingType::kSwitch, "", "no", 0, 0,
     "A proxy that speaks TLS stands before the server, and nobody else reaches its address."},
    {"team", SettingType::kSwitch, "", "no", 0, 0,
     "Serve a team: members with passwords and roles, instead of one person who comes by a link. Needs root, "
     "because blocks run with isolation `strict` (docs/user/team.md)."},
    {"accept_members_can_read_each_other", SettingType::kSwitch, "", "no", 0, 0,
     "With `team`, where isolation `strict` is not possible: blocks of all members run as the server's user. "
     "Then who may run a block anywhere can read the canvases of others."},
    {"open_browser", SettingType::kSwitch, "", "yes", 0, 0,
     "Open the link in a browser of this desktop, if there is one."},
    {"session_days", SettingType::kNumber, "days", "30", 1, 366, "How long a browser stays signed in."},
    {"sign_in_minutes", SettingType::kNumber, "minutes", "60", 1, 10080, "How long a printed link is good."},
    {"trash_days", SettingType::kNumber, "days", "30", 0, 36500,
     "How long a deleted canvas stays in the trash before it is removed for good; 0: until somebody empties "
     "it."},
    {"io_threads", SettingType::kNumber, "threads", "2", 1, 64,
     "Threads that read and write connections; not more than there are processors."},
    {"work_threads", SettingType::kNumber, "threads", "8", 1, 256,
     "Threads for requests that wait for the disk or for a canvas."},
    {"connections", SettingType::kNumber, "connections", "8192", 16, 1000000,
     "Connections at once; further ones wait."},
    {"log_level", SettingType::kText, "", "warning", 0, 0,
     "debug, info, warning or error: what the log on stderr says, one JSON object a line. info has every "
     "request."},
    {"isolation", SettingType::kText, "", "local", 0, 0,
     "How blocks are kept apart: local (from this machine), strict (as root: also from one another), pod or "
     "none."},
    {"accept_missing", SettingType::kList, "", "", 0, 0,
     "Layers of isolation strict that the server starts without: cgroup_memory, cgroup_pids, cgroup_cpu "
     "(`easel doctor`)."},
    {"network", SettingType::kList, "", "on", 0, 0,
     "What blocks may reach: `on`, `off`, or with isolation strict a list of hosts such as pypi.org:443, and "
     "no other."},
    {"block_memory_mib", SettingType::kNumber, "MiB", "0", 0, 1 << 30,
     "Most memory of a block, also of one that asks for none; 0: no limit but what a block asks for."},
    {"block_disk_mib", SettingType::kNumber, "MiB", "0", 0, 1 << 30,
     "Most that a canvas's files, its home and what a block leaves may take on the disk together; 0: no "
     "limit."},
    {"store", SettingType::kText, "", "", 0, 0,
     "A bucket in which the state of canvases is kept, too: gs://BUCKET or gs://BUCKET/FOLDER (or the path "
     "of a "
     "directory). Other machines that are given it go on with what ran here (docs/user/store.md)."},
    {"gcp.endpoints", SettingType::kPairs, "", "", 0, 0,
     "Other addresses of Google's services, as SERVICE=URL: a private endpoint, another universe, a test's "
     "double. SERVICE is one of storage, iam, iamcredentials, cloudresourcemanager, artifactregistry, "
     "container, logging, serviceusage, sts, oauth2, metadata, docker (docs/user/google-cloud.md)."},
    {"gcp.impersonate", SettingType::kText, "", "", 0, 0,
     "Service account whose rights the bucket of `store` is asked with: "
     "NAME@PROJECT.iam.gserviceaccount.com. The server's own account then needs "
     "roles/iam.serviceAccountTokenCreator on it, and no right on the bucket (docs/user/store.md)."},
    {"metrics", SettingType::kSwitch, "", "yes", 0, 0,
     "Answer /metrics (Prometheus). It is open to whoever reaches the port and names no canvas."},
};

const SettingSpec* Find(std::string_view name) {
  const auto found = std::ranges::find(kTable, name, &SettingSpec::name);
  return found == std::end(kTable) ? nullptr : &*found;
}

bool IsOfPairs(std::string_view name) {
  const SettingSpec* spec = Find(name);
  return spec != nullptr && spec->type == SettingType::kPairs;
}

std::string Unknown(std::string_view name) {
  std::vector<std::string> names;
  for (const SettingSpec& spec : kTable) names.emplace_back(spec.name);
  return "there is no setting " + Ticked(name) + DidYouMean(name, names) + "; `easel settings` lists them";
}

std::vector<std::string> ListOf(const std::string& text) {
  std::vector<std::string> out;
  for (std::string& one : Split(text, ','))
    if (!one.empty()) out.push_back(std::move(one));
  return out;
}

std::string JoinComma(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ",") + word;
  return out;
}

std::optional<bool> SwitchOf(std::string_view text) {
  if (text == "yes" || text == "true" || text == "on" || text == "1") return true;
  if (text == "no" || text == "false" || text == "off" || text == "0") return false;
  return std::nullopt;
}

std::string_view TypeName(SettingType type) {
  switch (type) {
    case SettingType::kText: return "text";
    case SettingType::kNumber: return "number";
    case SettingType::kSwitch: return "yes or no";
    case SettingType::kList: return "list";
    case SettingType::kPairs: return "list of name=value";
  }
  return "";
}

/// What a file says of one setting.
struct Line {
  const SettingSpec* spec;
  std::string words;
  std::string origin;
};

/// The lines of a settings file: names with dots, or mappings within mappings. `prefix` is the name of the mapping at `at`.
Status AddLines(std::span<const YamlNode> nodes, const std::string& file, std::uint32_t at,
                const std::string& prefix, std::vector<Line>& lines) {
  for (std::uint32_t key = at + 1; key < nodes[at].next; key = nodes[key + 1].next) {
    const std::string origin = file + ":" + std::to_string(nodes[key].line), name = prefix + nodes[key].value;
    const YamlNode& value = nodes[key + 1];
    const auto within = [&](const SettingSpec& spec) { return spec.name.starts_with(name + "."); };
    if (value.kind == YamlKind::kMapping && (std::ranges::any_of(kTable, within) || IsOfPairs(name))) {
      EASEL_RETURN_IF_ERROR(AddLines(nodes, file, key + 1, name + ".", lines));
      continue;
    }
    const SettingSpec* spec = Find(name);
    std::string words = value.value;
    if (const auto dot = name.rfind('.');
        spec == nullptr && dot != name.npos && IsOfPairs(name.substr(0, dot))) {
      if (value.kind != YamlKind::kScalar)
        return Fail(Code::kInvalidArgument, "SETTING_INVALID",
                    origin + ": " + Ticked(name) + " is one value");
      spec = Find(name.substr(0, dot));
      words = name.substr(dot + 1) + "=" + words;
      if (const auto begun = std::ranges::find(lines, spec, &Line::spec); begun != lines.end()) {
        begun->words += "," + words;
        continue;
      }
    }
    if (spec == nullptr)
      return Fail(Code::kInvalidArgument, "SETTING_UNKNOWN", origin + ": " + Unknown(name));
    const bool is_list = spec->type == SettingType::kList || spec->type == SettingType::kPairs;
    if (value.kind == YamlKind::kSequence && is_list) {
      for (std::uint32_t item = key + 2; item < value.next; item = nodes[item].next)
        words += (words.empty() ? "" : ",") + nodes[item].value;
    } else if (value.kind != YamlKind::kScalar) {
      return Fail(Code::kInvalidArgument, "SETTING_INVALID",
                  origin + ": `" + std::string(spec->name) + "` is one value");
    }
    lines.push_back({spec, std::move(words), origin});
  }
  return {};
}

}  // namespace

std::span<const SettingSpec> SettingTable() { return kTable; }

std::string SettingVariable(std::string_view name) {
  std::string out = "EASEL_";
  for (const char c : name)
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '.' ? '_' : c;
  return out;
}

std::string SettingFlag(std::string_view name) {
  std::string out(name);
  std::ranges::replace(out, '_', '-');
  std::ranges::replace(out, '.', '-');
  return out;
}

Status Settings::Set(const SettingSpec& spec, std::string text, std::string origin) {
  const auto wrong = [&](const std::string& what) {
    return Fail(Code::kInvalidArgument, "SETTING_INVALID",
                origin + ": `" + std::string(spec.name) + "` is " + what + ", not " + Ticked(text));
  };
  if (spec.type == SettingType::kNumber) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < spec.least || value > spec.most)
      return wrong("a whole number from " + std::to_string(spec.least) + " to " + std::to_string(spec.most));
  } else if (spec.type == SettingType::kSwitch) {
    if (!SwitchOf(text)) return wrong("yes or no");
  } else if (spec.name == "log_level") {
    if (text != "debug" && text != "info" && text != "warning" && text != "error")
      return wrong("debug, info, warning or error");
  } else if (spec.name == "isolation") {
    if (!IsIsolationMode(text)) return wrong("local, strict, pod or none");
  } else if (spec.name == "network" && text != "on" && text != "off") {
    auto hosts = ParseReachables(ListOf(text));
    if (!hosts) return wrong("`on`, `off` or a list of hosts (" + hosts.error().message + ")");
    const auto switches = [](const Reachable& one) { return one.host == "on" || one.host == "off"; };
    if (hosts->empty() || std::ranges::any_of(*hosts, switches))
      return wrong("`on`, `off` or a list of hosts");
  } else if (spec.name == "gcp.endpoints") {
    const auto pairs = gcp::ParseEndpointList(text);
    if (!pairs) return Fail(Code::kInvalidArgument, "SETTING_INVALID", origin + ": " + pairs.error().message);
    const auto known = gcp::Endpoints::From(*pairs, [](std::string_view) { return std::nullopt; });
    if (!known) return Fail(Code::kInvalidArgument, "SETTING_INVALID", origin + ": " + known.error().message);
  } else if (spec.name == "gcp.impersonate" && !text.empty()) {
    const Status account = gcp::CheckServiceAccount(text, "`gcp.impersonate`");
    if (!account)
      return Fail(Code::kInvalidArgument, "SETTING_INVALID", origin + ": " + account.error().message);
  } else if (spec.name == "public_url" && !text.empty()) {
    const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
    std::string_view rest = std::string_view(text).substr(scheme);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (scheme == 0 || rest.empty() || rest.find_first_of("/?#@ ") != std::string_view::npos)
      return wrong("an address such as https://easel.example.org, without a path");
  }
  values_[std::string(spec.name)] = {std::move(text), std::move(origin)};
  return {};
}

Result<Settings> Settings::Read(const std::string& file, bool file_is_asked, const Lookup& flags) {
  Settings out;
  for (const SettingSpec& spec : kTable)
    EASEL_RETURN_IF_ERROR(out.Set(spec, std::string(spec.otherwise), "default"));
  auto text = ReadFile(file, 1 << 20);
  if (!text && (file_is_asked || text.error().code != Code::kNotFound)) return std::unexpected(text.error());
  if (text) {
    const auto yaml = ParseYaml(*text);
    if (!yaml)
      return Fail(Code::kInvalidArgument, "SETTING_INVALID",
                  file + ":" + std::to_string(yaml.error().line) + ": " + yaml.error().message);
    if (!yaml->nodes.empty() && yaml->nodes[0].kind != YamlKind::kMapping)
      return Fail(Code::kInvalidArgument, "SETTING_INVALID",
                  file + ": is a list of lines such as `port: 8765`");
    std::vector<Line> lines;
    if (!yaml->nodes.empty()) EASEL_RETURN_IF_ERROR(AddLines(yaml->nodes, file, 0, "", lines));
    for (const Line& line : lines) EASEL_RETURN_IF_ERROR(out.Set(*line.spec, line.words, line.origin));
  }
  for (const SettingSpec& spec : kTable)
    if (const char* value = std::getenv(SettingVariable(spec.name).c_str()); value != nullptr)
      EASEL_RETURN_IF_ERROR(out.Set(spec, value, SettingVariable(spec.name)));
  for (const SettingSpec& spec : kTable)
    if (auto value = flags(spec))
      EASEL_RETURN_IF_ERROR(out.Set(spec, *std::move(value), "--" + SettingFlag(spec.name)));
  return out;
}

const Settings::Value& Settings::Get(std::string_view name, SettingType type) const {
  const SettingSpec* spec = Find(name);
  EASEL_CHECK(spec != nullptr && spec->type == type);
  return values_.find(name)->second;
}

const std::string& Settings::Text(std::string_view name) const { return Get(name, SettingType::kText).text; }
const std::string& Settings::Pairs(std::string_view name) const {
  return Get(name, SettingType::kPairs).text;
}
std::int64_t Settings::Number(std::string_view name) const {
  const std::string& text = Get(name, SettingType::kNumber).text;
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}
bool Settings::Switch(std::string_view name) const {
  return SwitchOf(Get(name, SettingType::kSwitch).text).value_or(false);
}
std::vector<std::string> Settings::List(std::string_view name) const {
  return ListOf(Get(name, SettingType::kList).text);
}
const std::string& Settings::Origin(std::string_view name) const { return values_.find(name)->second.origin; }

json::array SettingList(const Settings& settings) {
  json::array out;
  for (const SettingSpec& spec : kTable) {
    json::value value;
    switch (spec.type) {
      case SettingType::kText: value = settings.Text(spec.name); break;
      case SettingType::kPairs: value = settings.Pairs(spec.name); break;
      case SettingType::kNumber: value = settings.Number(spec.name); break;
      case SettingType::kSwitch: value = settings.Switch(spec.name); break;
      case SettingType::kList: value = json::value_from(settings.List(spec.name)); break;
    }
    out.push_back(json::object{{"name", spec.name},
                               {"value", std::move(value)},
                               {"from", settings.Origin(spec.name)},
                               {"variable", SettingVariable(spec.name)},
                               {"default", spec.otherwise},
                               {"unit", spec.unit},
                               {"doc", spec.doc}});
  }
  return out;
}

std::string SettingsPage() {
  std::string out =
      "# Settings of `easel serve`\n\n"
      "<!-- Made by `easel settings --docs`; a test compares. -->\n"
      "Each is read from `WORKSPACE/.easel/settings.yaml` (or the file of `--config`), then the environment, "
      "then flags; the last one\n"
      "that has it wins. `easel settings WORKSPACE` prints the values and where each came from. A name that "
      "is not in this table is an\n"
      "error.\n\n"
      "| in the file | variable | type | default | |\n|---|---|---|---|---|\n";
  for (const SettingSpec& spec : kTable) {
    std::string type(TypeName(spec.type));
    if (!spec.unit.empty()) type += " of " + std::string(spec.unit);
    out += "| `" + std::string(spec.name) + "` | `" + SettingVariable(spec.name) + "` | " + type + " | " +
           (spec.otherwise.empty() ? "" : "`" + std::string(spec.otherwise) + "`") + " | " +
           std::string(spec.doc) + " |\n";
  }
  return out;
}

const std::string& IsolationOf(const Settings& settings) {
  static const std::string kStrict = "strict";
  const bool asked = settings.Switch("team") && !settings.Switch("accept_members_can_read_each_other");
  return asked ? kStrict : settings.Text("isolation");
}

Status CheckIsolation(const Settings& settings) {
  const bool strict = IsolationOf(settings) == "strict";
  const std::vector<std::string> network = settings.List("network");
  if (!strict && network != std::vector<std::string>{"on"} && network != std::vector<std::string>{"off"})
    return Fail(Code::kFailedPrecondition, "REACH_NEEDS_STRICT",
                settings.Origin("network") +
                    ": blocks can be given a list of hosts with isolation strict only; set "
                    "`isolation: strict` (as root), or `network: off`");
  if (strict && ::geteuid() != 0)
    return Fail(
        Code::kFailedPrecondition, "STRICT_NEEDS_ROOT",
        settings.Origin("isolation") +
            ": isolation strict gives each block a user of its own, which only root can do. "
            "Start the server as root (a systemd service with `Delegate=yes`), or choose another isolation");
  if (!strict) return {};
  const GroupTree groups = GroupTree::Find("", /*prepare=*/false);
  const std::vector<std::string> accepted = settings.List("accept_missing");
  for (const std::string& layer : groups.missing())
    if (std::ranges::find(accepted, layer) == accepted.end())
      return Fail(Code::kFailedPrecondition, "STRICT_LAYER_MISSING",
                  "blocks of several people cannot be limited by control groups here (" + layer + "). " +
                      groups.advice() + " To start all the same, name what is missing: --accept-missing " +
                      JoinComma(groups.missing()));
  return {};
}

Status CheckExposure(const Settings& settings) {
  const std::string& host = settings.Text("host");
  if (host.starts_with("127.") || host == "::1" || settings.Switch("proxy")) return {};
  return Fail(
      Code::kFailedPrecondition, "OPEN_WITHOUT_TLS",
      "`" + host +
          "` can be reached by others, and what they send would cross the network readable, this "
          "server's sign-in included. Either\n"
          "  leave the address as it is and reach it by `ssh -L 8765:127.0.0.1:8765 THIS-MACHINE`, or\n"
          "  put a proxy that speaks TLS before it, and say so: --proxy --public-url https://NAME");
}

}  // namespace easel
