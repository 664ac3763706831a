// Who looks at an open canvas: what each has been sent, what each has drawn, and what is kept for those who are slower.
//
// A tick is written once and sent to everybody who is up to date. Who has four unacknowledged batches gets nothing more
// until an acknowledgement comes; what it lacks is not copied for it, only the ticks since are kept, and folded into one
// where nobody stands between them. So a peer that never reads costs a few numbers, and disturbs nobody.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hub/tick.h"

namespace easel {

/// The way to one page. Called on the hub's thread; must not block.
class PeerLink {
 public:
  virtual ~PeerLink() = default;
  virtual void Send(std::shared_ptr<const std::string> message) = 0;
  /// It is over: `reason` is a stable word, the message for a person.
  virtual void End(std::string reason, std::string message) = 0;
};

using PeerId = std::int64_t;

/// Confined to one thread. Times are monotonic milliseconds.
class Peers {
 public:
  static constexpr std::int64_t kTickMs = 16;
  /// About what one peer costs, its acknowledgement included: a batch does not overtake the last one's delivery, which would make both later.
  static constexpr std::int64_t kPeersPerMs = 40;
  static constexpr std::size_t kUnacknowledged = 4;
  static constexpr std::int64_t kSilenceMs = 60'000;
  static constexpr std::size_t kMaxKeptBytes = std::size_t{64} << 20;

  PeerId Add(std::shared_ptr<PeerLink> link, std::int64_t now_ms);
  void Remove(PeerId peer);
  void Acknowledge(PeerId peer, std::int64_t batch, std::int64_t now_ms);
  /// A message for one only, at once.
  void SendTo(PeerId peer, std::string message);
  /// JSON of one's own operation that was not made; goes with its next batch.
  void Refuse(PeerId peer, std::string refusal);
  /// What this one alone lacks, with its next batch.
  void AddFor(PeerId peer, const Tick& tick);
  void End(PeerId peer, std::string reason, std::string message);
  void EndAll(const std::string& reason, const std::string& message);

  /// To be filled with what happens.
  Tick& now() { return current_; }
  /// Send what is due. Returns when to call again, or -1 if nothing waits.
  std::int64_t Flush(std::int64_t now_ms);
  /// Those who were ended in here since the last call.
  std::vector<PeerId> TakeEnded() { return std::exchange(ended_, {}); }

  bool empty() const { return peers_.empty(); }
  std::size_t size() const { return peers_.size(); }
  std::size_t kept_ticks() const { return kept_.size(); }

 private:
  struct Peer {
    std::shared_ptr<PeerLink> link;
    std::int64_t next = 1;  ///< the first tick that it has not been sent
    std::deque<std::int64_t> unacknowledged;
    std::int64_t silent_since_ms = 0;  ///< with unacknowledged batches: since when nothing came
    std::vector<std::string> refused;
    Tick own;
  };
  bool Waits(const Peer& peer) const;
  std::int64_t TickMs() const { return kTickMs + static_cast<std::int64_t>(peers_.size()) / kPeersPerMs; }
  void Forget();

  std::map<PeerId, Peer> peers_;
  PeerId next_peer_ = 1;
  Tick current_;
  std::int64_t number_ = 0;  ///< of the newest tick
  struct Kept {
    std::int64_t first = 0, last = 0;  ///< ticks that are in it
    Tick tick;
  };
  std::deque<Kept> kept_;  ///< those that somebody has not been sent
  std::int64_t flushed_ms_ = 0;
  bool stirred_ = false;  ///< somebody who was full, or has news of their own, may be sent something
  std::int64_t silent_at_ms_ = -1;  ///< nobody is silent for too long before; -1: nobody owes anything
  std::vector<PeerId> ended_;
};

}  // namespace easel
