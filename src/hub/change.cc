#include "hub/change.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "canvas/graph.h"
#include "canvas/problem.h"
#include "canvas/values.h"
#include "hub/text_change.h"

namespace easel {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxParts = 100'000;
constexpr std::size_t kMaxCodeBytes = std::size_t{4} << 20;
constexpr double kMaxPlace = 1e9;

std::unexpected<Error> Invalid(std::string message) {
  return Fail(Code::kInvalidArgument, "CHANGE_INVALID", "change: " + std::move(message));
}
std::unexpected<Error> BadSetting(std::string message) {
  return Fail(Code::kInvalidArgument, "SETTINGS_INVALID", std::move(message));
}

/// Reads one change; the first thing that is wrong stays in `error`.
class Reader {
 public:
  std::optional<Error> error;

  void Reject(std::string message) {
    if (!error) error = Invalid(std::move(message)).error();
  }

  const json::object& Object(const json::value* value, std::string_view what,
                             std::initializer_list<std::string_view> known) {
    static const json::object kEmpty;
    if (value == nullptr || !value->is_object()) {
      Reject(std::string(what) + " is an object");
      return kEmpty;
    }
    for (const auto& member : value->get_object())
      if (std::ranges::find(known, std::string_view(member.key())) == known.end())
        Reject("unknown field " + Ticked(member.key()) + " of " + std::string(what));
    return value->get_object();
  }

  std::string Text(const json::object& object, std::string_view field, std::size_t most) {
    const json::value* value = object.if_contains(field);
    if (value == nullptr || !value->is_string() || value->get_string().size() > most) {
      Reject(Ticked(field) + " is a text of at most " + std::to_string(most) + " bytes");
      return {};
    }
    return std::string(value->get_string());
  }

  std::string Id(std::string id) {
    const auto odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == 0x7F; };
    if (id.empty() || id.size() > 64 || std::ranges::any_of(id, odd))
      Reject("a block's id has 1 to 64 bytes without spaces and slashes");
    return id;
  }
  std::string IdField(const json::object& object, std::string_view field) {
    return Id(Text(object, field, 64));
  }

  double Number(const json::object& object, std::string_view field, double least) {
    const json::value* value = object.if_contains(field);
    double number = NAN;
    if (value != nullptr && value->is_number()) number = value->to_number<double>();
    if (!(number >= least && number <= kMaxPlace)) {
      Reject(Ticked(field) + " is a number between " + FormatNumber(least) + " and 1e9");
      return 0;
    }
    return number;
  }

  std::pair<double, double> Point(const json::value* value) {
    const json::object& at = Object(value, "`at`", {"x", "y"});
    return {Number(at, "x", -kMaxPlace), Number(at, "y", -kMaxPlace)};
  }
  std::pair<double, double> Size(const json::value* value) {
    const json::object& size = Object(value, "`size`", {"width", "height"});
    return {Number(size, "width", 1), Number(size, "height", 1)};
  }

  std::span<const json::value> List(const json::object& object, std::string_view field) {
    const json::value* value = object.if_contains(field);
    if (value == nullptr || !value->is_array()) {
      Reject(Ticked(field) + " is a list");
      return {};
    }
    parts_ += value->get_array().size();
    if (parts_ > kMaxParts) {
      Reject("it has more than " + std::to_string(kMaxParts) + " parts");
      return {};
    }
    return {value->get_array().data(), value->get_array().size()};
  }

  std::string Code(const json::object& object, std::string_view field) {
    std::string code = Text(object, field, kMaxCodeBytes);
    if (code.find('\0') != std::string::npos) Reject("code has no NUL bytes");
    return WithPlainLineBreaks(code);
  }

  BlockSettings Settings(const json::value* value) {
    auto settings = SettingsFromJson(value == nullptr ? json::value() : *value);
    if (settings) return *std::move(settings);
    if (!error) error = settings.error();
    return {};
  }

  LiveBlock Block(const json::value* value) {
    const json::object& object =
        Object(value, "a block", {"id", "kind", "name", "code", "at", "size", "settings"});
    LiveBlock out;
    if (error) return out;
    out.id = IdField(object, "id");
    const std::string kind = Text(object, "kind", 64);
    if (kind == "markdown")
      out.kind = BlockKind::kMarkdown;
    else if (kind != "python")
      Reject("kind " + Ticked(kind) + " has no runtime yet; python and markdown blocks work in this version");
    out.name = Text(object, "name", 1000);
    out.code = Code(object, "code");
    std::tie(out.x, out.y) = Point(object.if_contains("at"));
    std::tie(out.width, out.height) = Size(object.if_contains("size"));
    out.settings = Settings(object.if_contains("settings"));
    return out;
  }

  PlacedEdge Edge(const json::object& object) {
    PlacedEdge out{{IdField(object, "parent"), IdField(object, "child")}, {}};
    out.index = Index(object);
    return out;
  }
  std::optional<std::int64_t> Index(const json::object& object) {
    const json::value* index = object.if_contains("index");
    if (index == nullptr) return std::nullopt;
    if (index->is_int64() && index->get_int64() >= 0) return index->get_int64();
    Reject("`index` is a whole number of at least 0");
    return std::nullopt;
  }

  CanvasChange Change(const json::value& value, int depth) {
    CanvasChange out;
    if (depth > kMaxDepth) {
      Reject("batches are nested more than " + std::to_string(kMaxDepth) + " deep");
      return out;
    }
    if (!value.is_object()) {
      Reject("it is an object");
      return out;
    }
    const std::string op = Text(value.get_object(), "op", 64);
    if (op == "add") {
      const json::object& o = Object(&value, "add", {"op", "block"});
      out.what = AddBlocks{{Block(o.if_contains("block"))}, {}};
    } else if (op == "paste") {
      const json::object& o = Object(&value, "paste", {"op", "blocks", "edges"});
      AddBlocks add;
      for (const json::value& block : List(o, "blocks")) add.blocks.push_back(Block(&block));
      for (const json::value& edge : List(o, "edges"))
        add.edges.push_back(Edge(Object(&edge, "an edge", {"parent", "child", "index"})));
      out.what = std::move(add);
    } else if (op == "delete") {
      const json::object& o = Object(&value, "delete", {"op", "ids"});
      DeleteBlocks gone;
      for (const json::value& id : List(o, "ids"))
        if (id.is_string())
          gone.ids.push_back(Id(std::string(id.get_string())));
        else
          Reject("`ids` is a list of ids");
      out.what = std::move(gone);
    } else if (op == "move") {
      const json::object& o = Object(&value, "move", {"op", "moves"});
      MoveBlocks moves;
      for (const json::value& move : List(o, "moves")) {
        const json::object& one = Object(&move, "a move", {"id", "at"});
        const auto [x, y] = Point(one.if_contains("at"));
        moves.moves.push_back({IdField(one, "id"), x, y});
      }
      out.what = std::move(moves);
    } else if (op == "resize") {
      const json::object& o = Object(&value, "resize", {"op", "id", "size", "at"});
      const auto [width, height] = Size(o.if_contains("size"));
      ResizeBlock resize{IdField(o, "id"), width, height, {}};
      if (const json::value* at = o.if_contains("at")) resize.at = Point(at);
      out.what = std::move(resize);
    } else if (op == "connect") {
      const json::object& o = Object(&value, "connect", {"op", "edge", "index"});
      ConnectBlocks connect{Edge(Object(o.if_contains("edge"), "`edge`", {"parent", "child"}))};
      connect.placed.index = Index(o);
      out.what = std::move(connect);
    } else if (op == "disconnect") {
      const json::object& o = Object(&value, "disconnect", {"op", "edge"});
      out.what = DisconnectBlocks{Edge(Object(o.if_contains("edge"), "`edge`", {"parent", "child"})).edge};
    } else if (op == "rename") {
      const json::object& o = Object(&value, "rename", {"op", "id", "name"});
      out.what = RenameLiveBlock{IdField(o, "id"), Text(o, "name", 1000)};
    } else if (op == "setCode") {
      const json::object& o = Object(&value, "setCode", {"op", "id", "code"});
      out.what = SetBlockCode{IdField(o, "id"), Code(o, "code")};
    } else if (op == "setSettings") {
      const json::object& o = Object(&value, "setSettings", {"op", "id", "settings"});
      out.what = SetBlockSettings{IdField(o, "id"), Settings(o.if_contains("settings"))};
    } else if (op == "batch") {
      const json::object& o = Object(&value, "batch", {"op", "changes"});
      ChangeGroup group;
      for (const json::value& change : List(o, "changes")) {
        if (error) break;
        group.changes.push_back(Change(change, depth + 1));
      }
      out.what = std::move(group);
    } else {
      Reject("unknown operation " + Ticked(op));
    }
    return out;
  }

 private:
  std::size_t parts_ = 0;
};

json::object PointJson(double x, double y) { return {{"x", x}, {"y", y}}; }
json::object SizeJson(double width, double height) { return {{"width", width}, {"height", height}}; }
json::object EdgeJson(const LiveEdge& edge) { return {{"parent", edge.parent}, {"child", edge.child}}; }

json::object PlacedJson(const PlacedEdge& placed) {
  json::object out = EdgeJson(placed.edge);
  if (placed.index) out["index"] = *placed.index;
  return out;
}

struct Writer {
  json::object operator()(const AddBlocks& add) const {
    if (add.blocks.size() == 1 && add.edges.empty()) return {{"op", "add"}, {"block", ToJson(add.blocks[0])}};
    json::array blocks, edges;
    for (const LiveBlock& block : add.blocks) blocks.push_back(ToJson(block));
    for (const PlacedEdge& edge : add.edges) edges.push_back(PlacedJson(edge));
    return {{"op", "paste"}, {"blocks", std::move(blocks)}, {"edges", std::move(edges)}};
  }
  json::object operator()(const DeleteBlocks& gone) const {
    return {{"op", "delete"}, {"ids", json::array(gone.ids.begin(), gone.ids.end())}};
  }
  json::object operator()(const MoveBlocks& all) const {
    json::array moves;
    for (const MoveBlocks::Move& move : all.moves)
      moves.push_back(json::object{{"id", move.id}, {"at", PointJson(move.x, move.y)}});
    return {{"op", "move"}, {"moves", std::move(moves)}};
  }
  json::object operator()(const ResizeBlock& resize) const {
    json::object out{{"op", "resize"}, {"id", resize.id}, {"size", SizeJson(resize.width, resize.height)}};
    if (resize.at) out["at"] = PointJson(resize.at->first, resize.at->second);
    return out;
  }
  json::object operator()(const ConnectBlocks& connect) const {
    json::object out{{"op", "connect"}, {"edge", EdgeJson(connect.placed.edge)}};
    if (connect.placed.index) out["index"] = *connect.placed.index;
    return out;
  }
  json::object operator()(const DisconnectBlocks& gone) const {
    return {{"op", "disconnect"}, {"edge", EdgeJson(gone.edge)}};
  }
  json::object operator()(const RenameLiveBlock& rename) const {
    return {{"op", "rename"}, {"id", rename.id}, {"name", rename.name}};
  }
  json::object operator()(const SetBlockCode& set) const {
    return {{"op", "setCode"}, {"id", set.id}, {"code", set.code}};
  }
  json::object operator()(const SetBlockSettings& set) const {
    return {{"op", "setSettings"}, {"id", set.id}, {"settings", ToJson(set.settings)}};
  }
  json::object operator()(const ChangeGroup& group) const {
    json::array changes;
    for (const CanvasChange& change : group.changes) changes.push_back(ToJson(change));
    return {{"op", "batch"}, {"changes", std::move(changes)}};
  }
};

std::string DurationText(std::int64_t ms) {
  if (ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
  if (ms % 60'000 == 0) return std::to_string(ms / 60'000) + "m";
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

std::string MemoryText(std::int64_t bytes) {
  if (bytes % (std::int64_t{1} << 30) == 0) return std::to_string(bytes >> 30) + "Gi";
  if (bytes % (std::int64_t{1} << 20) == 0) return std::to_string(bytes >> 20) + "Mi";
  return std::to_string(bytes);
}

}  // namespace

bool BlockSettings::operator==(const BlockSettings& other) const {
  return environment == other.environment && cache.kind == other.cache.kind &&
         cache.for_ms == other.cache.for_ms && compute.cpu == other.compute.cpu &&
         compute.memory_bytes == other.compute.memory_bytes && compute.timeout_ms == other.compute.timeout_ms;
}

StageSize DefaultSize(BlockKind kind) {
  return {360, kind == BlockKind::kMarkdown ? 140.0 : 190.0};  // web/src/core/command/edit.ts
}

Result<BlockSettings> SettingsFromJson(const json::value& value) {
  if (!value.is_object()) return BadSetting("settings are an object");
  BlockSettings out;
  for (const auto& member : value.get_object()) {
    const std::string_view key = member.key();
    const json::value& v = member.value();
    if (key == "cpu") {
      const double cpu = v.is_number() ? v.to_number<double>() : NAN;
      if (!(cpu > 0 && cpu <= 4096))
        return BadSetting("`cpu` is a number of cores above 0 and at most 4096, for example 2 or 0.5");
      out.compute.cpu = cpu;
      continue;
    }
    if (!v.is_string()) return BadSetting(Ticked(key) + " is a text");
    const std::string text(v.get_string());
    if (key == "environment") {
      std::string word = text;
      std::replace(word.begin() + (word.empty() ? 0 : 1), word.end(), '.', '_');
      if (!text.empty() && !IsBlockName(word))
        return BadSetting(Ticked(text) + " is not an environment's name: use letters, digits, _, - and .");
      out.environment = text;
    } else if (key == "cache") {
      if (text == "never") {
        out.cache.kind = CachePolicy::Kind::kNever;
      } else if (text != "auto") {
        const auto ms = ParseDurationMs(text);
        if (!ms) return BadSetting("`cache` is auto, never or a time, for example 1h: " + ms.error());
        out.cache = {CachePolicy::Kind::kFor, *ms};
      }
    } else if (key == "memory") {
      const auto bytes = ParseMemoryBytes(text);
      if (!bytes) return BadSetting("`memory`: " + bytes.error());
      out.compute.memory_bytes = *bytes;
    } else if (key == "timeout") {
      const auto ms = ParseDurationMs(text);
      if (!ms) return BadSetting("`timeout`: " + ms.error());
      out.compute.timeout_ms = *ms;
    } else {
      return BadSetting("unknown setting " + Ticked(key) +
                        "; known are environment, cache, cpu, memory and timeout");
    }
  }
  return out;
}

json::object ToJson(const BlockSettings& settings) {
  json::object out;
  if (!settings.environment.empty()) out["environment"] = settings.environment;
  if (settings.cache.kind == CachePolicy::Kind::kNever) out["cache"] = "never";
  if (settings.cache.kind == CachePolicy::Kind::kFor) out["cache"] = DurationText(settings.cache.for_ms);
  if (settings.compute.cpu > 0) out["cpu"] = settings.compute.cpu;
  if (settings.compute.memory_bytes > 0) out["memory"] = MemoryText(settings.compute.memory_bytes);
  if (settings.compute.timeout_ms > 0) out["timeout"] = DurationText(settings.compute.timeout_ms);
  return out;
}

json::object ToJson(const LiveBlock& block) {
  return {{"id", block.id},
          {"kind", BlockKindName(block.kind)},
          {"name", block.name},
          {"code", block.code},
          {"at", PointJson(block.x, block.y)},
          {"size", SizeJson(block.width, block.height)},
          {"settings", ToJson(block.settings)}};
}

Result<LiveBlock> LiveBlockFromJson(const json::value& value) {
  Reader reader;
  LiveBlock block = reader.Block(&value);
  if (reader.error) return std::unexpected(*std::move(reader.error));
  return block;
}

Result<CanvasChange> ChangeFromJson(const json::value& value) {
  Reader reader;
  CanvasChange change = reader.Change(value, 0);
  if (reader.error) return std::unexpected(*std::move(reader.error));
  return change;
}

json::object ToJson(const CanvasChange& change) { return std::visit(Writer{}, change.what); }

}  // namespace easel
