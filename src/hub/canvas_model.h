// What a canvas holds, by id, and how operations change it: web/src/model/{graph,change}.ts in C++.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hub/change.h"

namespace easel {

/// Always free of cycles, names unique also in lower case. Pure; confined to one thread.
///
/// `Apply` refuses with: NO_SUCH_BLOCK, NO_SUCH_EDGE, EDGE_EXISTS, BLOCK_EXISTS, BLOCK_CYCLE (with path), EDGE_MARKDOWN,
/// NAME_TAKEN, NAME_INVALID. contracts/vectors/changes has what C++ and TypeScript must agree on.
class CanvasModel {
 public:
  /// Make a change, all of it or nothing, and return the change that takes it back exactly.
  std::expected<CanvasChange, Refusal> Apply(const CanvasChange& change);

  const LiveBlock* Find(std::string_view id) const;
  /// By name, in any case.
  const LiveBlock* Named(std::string_view name) const;
  /// In order of precedence: the last one wins.
  const std::vector<std::string>& ParentsOf(std::string_view id) const;
  /// In the order in which they came.
  std::vector<const LiveBlock*> Blocks() const;
  std::size_t size() const { return blocks_.size(); }
  /// By child in the order of blocks, a child's in order of precedence.
  std::vector<LiveEdge> Edges() const;
  /// Where a block stands among all: grows with each that comes.
  std::int64_t PlaceOf(std::string_view id) const;

  /// Typed text: the block is there.
  void SetCode(std::string_view id, std::string code);
  /// Put a block and its parents as they were stored; nothing is checked.
  void Restore(LiveBlock block, std::int64_t place, std::vector<std::string> parents);

  /// Blocks of which anything but the code is new or gone since the last call.
  std::set<std::string> TakeTouched() { return std::exchange(touched_, {}); }
  /// Blocks whose code was replaced since the last call, by Apply alone.
  std::set<std::string> TakeRecoded() { return std::exchange(recoded_, {}); }
  /// Blocks that were added since the last call, also if they had been there before.
  std::set<std::string> TakeAdded() { return std::exchange(added_, {}); }
  void ForgetTouched() { touched_ = recoded_ = added_ = {}; }

 private:
  struct Entry {
    LiveBlock block;
    std::int64_t place = 0;
    std::vector<std::string> parents;
    std::set<std::string> children;
  };
  using Applied = std::expected<CanvasChange, Refusal>;

  Applied Make(const AddBlocks& add);
  Applied Make(const DeleteBlocks& gone);
  Applied Make(const MoveBlocks& all);
  Applied Make(const ResizeBlock& resize);
  Applied Make(const ConnectBlocks& connect);
  Applied Make(const DisconnectBlocks& disconnect);
  Applied Make(const RenameLiveBlock& rename);
  Applied Make(const SetBlockCode& set);
  Applied Make(const SetBlockSettings& set);
  Applied Make(const ChangeGroup& group);
  template <typename Set, typename Value>
  Applied Replace(const Set& set, Value LiveBlock::* field, const Value& wanted,
                  std::set<std::string>& changed);

  Entry* Get(std::string_view id);
  std::optional<Refusal> Connect(const PlacedEdge& placed);
  /// The blocks from `from` down to `to` along edges, both included.
  std::optional<std::vector<std::string>> Path(const std::string& from, const std::string& to) const;
  void Put(const LiveBlock& block);
  void Drop(const std::string& id);
  std::int64_t DropEdge(const LiveEdge& edge);

  std::map<std::string, Entry, std::less<>> blocks_;
  std::map<std::int64_t, std::string> order_;
  std::unordered_map<std::string, std::string> names_;  ///< in lower case -> id
  std::int64_t next_place_ = 1;
  std::set<std::string> touched_, recoded_, added_;
};

}  // namespace easel
