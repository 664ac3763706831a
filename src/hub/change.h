// An operation on a canvas, as pages send it: web/src/model/change.ts in C++. Pure values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "canvas/canvas.h"

namespace easel {

/// What canvas.yaml says of a block besides its place.
struct BlockSettings {
  std::string environment;  ///< empty: the canvas's
  CachePolicy cache;
  Compute compute;

  bool operator==(const BlockSettings& other) const;
};

/// A block as pages know it. Its id is made by whoever adds it and stays when it is renamed.
struct LiveBlock {
  std::string id;
  BlockKind kind = BlockKind::kPython;
  std::string name;
  std::string code;  ///< line breaks are "\n"
  double x = 0, y = 0;
  double width = 0, height = 0;
  BlockSettings settings;
};

/// The size of a block of which canvas.yaml says none.
struct StageSize {
  double width = 0, height = 0;
};
StageSize DefaultSize(BlockKind kind);

struct LiveEdge {
  std::string parent, child;

  auto operator<=>(const LiveEdge&) const = default;
};
struct PlacedEdge {
  LiveEdge edge;
  std::optional<std::int64_t> index;  ///< among the child's parents; none: behind them
};

struct CanvasChange;
struct AddBlocks {
  std::vector<LiveBlock> blocks;
  std::vector<PlacedEdge> edges;
};
struct DeleteBlocks {
  std::vector<std::string> ids;
};
struct MoveBlocks {
  struct Move {
    std::string id;
    double x = 0, y = 0;
  };
  std::vector<Move> moves;
};
struct ResizeBlock {
  std::string id;
  double width = 0, height = 0;
  std::optional<std::pair<double, double>> at;
};
struct ConnectBlocks {
  PlacedEdge placed;
};
struct DisconnectBlocks {
  LiveEdge edge;
};
struct RenameLiveBlock {
  std::string id, name;
};
struct SetBlockCode {
  std::string id, code;
};
struct SetBlockSettings {
  std::string id;
  BlockSettings settings;
};
struct ChangeGroup {
  std::vector<CanvasChange> changes;
};

/// All of it is made, or nothing.
struct CanvasChange {
  std::variant<AddBlocks, DeleteBlocks, MoveBlocks, ResizeBlock, ConnectBlocks, DisconnectBlocks,
               RenameLiveBlock, SetBlockCode, SetBlockSettings, ChangeGroup>
      what;
};

/// Why a change was not made: a stable word, a sentence for a person, and with BLOCK_CYCLE the blocks' ids along it.
struct Refusal {
  std::string reason;
  std::string message;
  std::vector<std::string> path;
};

/// Errors: kInvalidArgument CHANGE_INVALID (form), SETTINGS_INVALID, naming the field; a group is at most 8 deep, and a change
///         has at most 100,000 parts.
Result<CanvasChange> ChangeFromJson(const json::value& value);
json::object ToJson(const CanvasChange& change);

json::object ToJson(const LiveBlock& block);
json::object ToJson(const BlockSettings& settings);
/// Errors: kInvalidArgument SETTINGS_INVALID.
Result<BlockSettings> SettingsFromJson(const json::value& value);
Result<LiveBlock> LiveBlockFromJson(const json::value& value);

}  // namespace easel
