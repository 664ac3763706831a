// What happened on a canvas in 16 ms, merged as docs/formats/live.md says, as members of a `batch` message.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace easel {

/// Confined to one thread. What is added is JSON that is ready to be sent: it is written once for all who get it.
class Tick {
 public:
  /// Of one block and stream at most so much text is kept, its end.
  static constexpr std::size_t kMaxText = 64 << 10;
  /// Of everything else that blocks showed; beyond it the block is named in `missed`.
  static constexpr std::size_t kMaxShown = std::size_t{8} << 20;

  void AddOperation(std::string operation);
  /// An update that made `version` of the block's text.
  void AddText(const std::string& block, std::int64_t version, std::string update);
  /// The block's text begins anew: what was told of it here is about another.
  void BeginText(const std::string& block);
  void SetState(const std::string& block, std::string state);
  /// An event of docs/user/json.md whose `block` is an id.
  void AddEvent(const json::object& event);
  void SetPerson(std::int64_t connection, std::string person);
  /// How many more are here, of whom nothing else is told.
  void SetOthers(std::int64_t others) { others_ = others; }
  /// JSON of what the canvas is called now, and of its environment.
  void SetCanvas(std::string canvas);
  /// What is wrong with the folder; empty: nothing any more.
  void SetProblem(std::string problem);

  /// What came later, too.
  void Append(const Tick& later);
  bool empty() const;
  /// About how much memory this takes.
  std::size_t bytes() const { return bytes_; }
  /// `"operations":[…],"states":[…]`, without braces; absent is what is empty.
  std::string Members() const;

 private:
  struct Text {
    std::int64_t version = 0;
    std::vector<std::string> updates;
  };
  struct Shown {
    std::string block, stream;  ///< of block.output; stream empty: `json` is the event
    std::string text;
    std::int64_t cut_bytes = 0;
    std::int64_t end = -1;  ///< of its stream; -1: not said
    std::string json;
  };
  void AddOutput(Shown shown);
  void AddShown(Shown shown);

  std::vector<std::string> operations_;
  std::map<std::string, Text> texts_;
  std::set<std::string> begun_;
  std::map<std::string, std::string> states_;
  std::vector<Shown> events_;
  std::map<std::string, std::size_t> last_of_;  ///< by block: its newest event
  std::size_t shown_bytes_ = 0;
  std::set<std::string> missed_;
  std::map<std::int64_t, std::string> people_;
  std::int64_t others_ = -1;  ///< -1: as before
  std::string canvas_;        ///< empty: as it was
  std::optional<std::string> problem_;
  std::size_t bytes_ = 0;
};

}  // namespace easel
