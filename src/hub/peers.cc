#include "hub/peers.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace easel {
namespace {

std::string Batch(std::int64_t number, const std::string& members) {
  return "{\"type\":\"batch\",\"batch\":" + std::to_string(number) + (members.empty() ? "" : ",") + members +
         "}";
}

}  // namespace

PeerId Peers::Add(std::shared_ptr<PeerLink> link, std::int64_t now_ms) {
  // What happened until now is in what it will be told first: it begins with the next tick.
  if (!current_.empty()) {
    ++number_;
    if (!peers_.empty()) kept_.push_back({number_, number_, std::move(current_)});
    current_ = Tick();
    stirred_ = true;
  }
  const PeerId id = next_peer_++;
  peers_[id] = Peer{.link = std::move(link), .next = number_ + 1, .silent_since_ms = now_ms};
  return id;
}

void Peers::Remove(PeerId peer) { peers_.erase(peer); }

void Peers::Acknowledge(PeerId id, std::int64_t batch, std::int64_t now_ms) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  while (!peer.unacknowledged.empty() && peer.unacknowledged.front() <= batch)
    peer.unacknowledged.pop_front();
  peer.silent_since_ms = now_ms;
  stirred_ = stirred_ || Waits(peer);
}

void Peers::SendTo(PeerId id, std::string message) {
  const auto found = peers_.find(id);
  if (found != peers_.end())
    found->second.link->Send(std::make_shared<const std::string>(std::move(message)));
}

void Peers::Refuse(PeerId id, std::string refusal) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  found->second.refused.push_back(std::move(refusal));
  stirred_ = true;
}

void Peers::AddFor(PeerId id, const Tick& tick) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  found->second.own.Append(tick);
  stirred_ = true;
}

void Peers::End(PeerId id, std::string reason, std::string message) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  found->second.link->End(std::move(reason), std::move(message));
  peers_.erase(found);
  ended_.push_back(id);
}

void Peers::EndAll(const std::string& reason, const std::string& message) {
  while (!peers_.empty()) End(peers_.begin()->first, reason, message);
}

bool Peers::Waits(const Peer& peer) const {
  return peer.next <= number_ || !peer.refused.empty() || !peer.own.empty();
}

std::int64_t Peers::Flush(std::int64_t now_ms) {
  // Called after each acknowledgement: it must not look at everybody each time.
  if (current_.empty() && !stirred_ && (silent_at_ms_ < 0 || now_ms < silent_at_ms_)) return silent_at_ms_;
  if (now_ms - flushed_ms_ < TickMs()) return flushed_ms_ + TickMs();
  std::vector<PeerId> silent;
  for (const auto& [id, peer] : peers_)
    if (!peer.unacknowledged.empty() && now_ms - peer.silent_since_ms >= kSilenceMs) silent.push_back(id);
  for (const PeerId id : silent) End(id, "PEER_SILENT", "nothing was acknowledged for 60 s: join again");

  const bool news = !current_.empty();
  const auto ready = [&](const Peer& peer) { return peer.unacknowledged.size() < kUnacknowledged; };
  const bool due = news || std::ranges::any_of(peers_, [&](const auto& item) {
                     return ready(item.second) && Waits(item.second);
                   });
  if (due) {
    flushed_ms_ = now_ms;
    const std::int64_t number = ++number_;
    if (news) {
      if (!peers_.empty()) kept_.push_back({number, number, std::move(current_)});
      current_ = Tick();
    }
    // Members of a batch by the first tick in it: most peers lack the same.
    std::unordered_map<std::int64_t, std::string> members;
    std::unordered_map<std::int64_t, std::shared_ptr<const std::string>> messages;
    for (auto& [id, peer] : peers_) {
      if (!ready(peer)) continue;
      const bool lacks = !kept_.empty() && kept_.back().last >= peer.next;
      if (!lacks && peer.refused.empty() && peer.own.empty()) {
        peer.next = number + 1;
        continue;
      }
      std::shared_ptr<const std::string>& shared = messages[peer.next];
      if (peer.refused.empty() && peer.own.empty() && shared != nullptr) {
        peer.link->Send(shared);
      } else {
        Tick merged = std::move(peer.own);
        peer.own = Tick();
        const auto first =
            std::ranges::find_if(kept_, [&](const Kept& kept) { return kept.last >= peer.next; });
        const bool alone = merged.empty() && first != kept_.end() && std::next(first) == kept_.end();
        if (!alone)
          for (auto kept = first; kept != kept_.end(); ++kept) merged.Append(kept->tick);
        std::string text = alone ? first->tick.Members() : merged.Members();
        if (peer.refused.empty()) {
          auto message = std::make_shared<const std::string>(Batch(number, text));
          // What was its own is in `merged`, and then it is nobody else's.
          if (alone) shared = message;
          peer.link->Send(std::move(message));
        } else {
          text += text.empty() ? "\"refused\":[" : ",\"refused\":[";
          for (std::size_t i = 0; i < peer.refused.size(); ++i) text += (i == 0 ? "" : ",") + peer.refused[i];
          text += ']';
          peer.refused.clear();
          peer.link->Send(std::make_shared<const std::string>(Batch(number, text)));
        }
      }
      if (peer.unacknowledged.empty()) peer.silent_since_ms = now_ms;
      peer.unacknowledged.push_back(number);
      peer.next = number + 1;
    }
    Forget();
  }
  stirred_ = false;
  silent_at_ms_ = -1;
  for (const auto& [id, peer] : peers_)
    if (!peer.unacknowledged.empty() &&
        (silent_at_ms_ < 0 || peer.silent_since_ms + kSilenceMs < silent_at_ms_))
      silent_at_ms_ = peer.silent_since_ms + kSilenceMs;
  return silent_at_ms_;
}

/// Drop ticks that everybody was sent, and fold those between which nobody stands.
void Peers::Forget() {
  std::set<std::int64_t> wanted;
  for (const auto& [id, peer] : peers_) wanted.insert(peer.next);
  while (!kept_.empty() && (wanted.empty() || kept_.front().last < *wanted.begin())) kept_.pop_front();
  if (kept_.size() > 16) {
    std::deque<Kept> folded;
    for (Kept& kept : kept_) {
      const auto stands = folded.empty() ? wanted.end() : wanted.lower_bound(folded.back().last + 1);
      if (folded.empty() || (stands != wanted.end() && *stands <= kept.first)) {
        folded.push_back(std::move(kept));
      } else {
        folded.back().tick.Append(kept.tick);
        folded.back().last = kept.last;
      }
    }
    kept_ = std::move(folded);
  }
  std::size_t bytes = 0;
  for (const Kept& kept : kept_) bytes += kept.tick.bytes();
  if (bytes <= kMaxKeptBytes) return;
  std::vector<PeerId> slow;
  for (const auto& [id, peer] : peers_)
    if (peer.next <= kept_.front().last) slow.push_back(id);
  for (const PeerId id : slow)
    End(id, "PEER_SLOW", "too much happened since the last acknowledgement: join again");
}

}  // namespace easel
