#include "server/table_work.h"

#include <utility>

#include "base/ids.h"

namespace easel {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kWanted{10};  // after the last question
constexpr std::chrono::seconds kKept{30};    // an answer that nobody has fetched

}  // namespace

TableWork::TableWork(int threads, int scan_threads, std::size_t queued)
    : scan_threads_(scan_threads), limit_(queued) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Serve(); });
}

TableWork::~TableWork() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const auto& [key, piece] : pieces_) piece->progress.stop = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TableWork::PutOff(Piece& piece) const {
  piece.progress.deadline_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>((Steady::now() + kWanted).time_since_epoch())
          .count();
}

void TableWork::Sweep() {
  const auto now = Steady::now();
  std::erase_if(pieces_, [&](const auto& entry) {
    return entry.second->finished && now - entry.second->since > kKept;
  });
}

void TableWork::Serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (ending_) return;
    const std::shared_ptr<Piece> piece = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    Result<std::string> result = piece->job(piece->progress);
    piece->job = nullptr;  // what it holds on to is not held for as long as its answer
    lock.lock();
    piece->result = std::move(result);
    piece->finished = true;
    piece->since = Steady::now();
    // Who asks again after it was stopped gets a new one.
    const auto mine = pieces_.find(piece->key);
    if (!piece->result && piece->result.error().code == Code::kCancelled && mine != pieces_.end() &&
        mine->second == piece)
      pieces_.erase(mine);
    finished_.notify_all();
  }
}

Result<TableWork::Answer> TableWork::Ask(const std::string& key, std::chrono::milliseconds patience,
                                         Job job) {
  std::unique_lock lock(mutex_);
  Sweep();
  auto& place = pieces_[key];
  if (!place || place->progress.stop) {
    if (queue_.size() >= limit_) {
      if (!place) pieces_.erase(key);
      return Fail(Code::kResourceExhausted, "TABLE_BUSY",
                  "many tables are being looked through at the moment; try again in a few seconds");
    }
    place = std::make_shared<Piece>();
    place->key = key;
    place->id = RandomBase32(16);
    place->job = std::move(job);
    place->progress.threads = scan_threads_;
    queue_.push_back(place);
    wake_.notify_one();
  }
  const std::shared_ptr<Piece> piece = place;
  PutOff(*piece);
  finished_.wait_for(lock, patience, [&] { return piece->finished; });
  PutOff(*piece);
  if (!piece->finished) return Pending{piece->id, piece->progress.done};
  if (const auto mine = pieces_.find(key); mine != pieces_.end() && mine->second == piece)
    pieces_.erase(mine);
  // Two who asked the same both get it: the piece lives as long as somebody waits.
  if (!piece->result) return std::unexpected(piece->result.error());
  return piece->result.value();
}

bool TableWork::Stop(const std::string& scope, const std::string& id) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, piece] : pieces_)
    if (piece->id == id && key.starts_with(scope) && !piece->finished) {
      piece->progress.stop = true;
      return true;
    }
  return false;
}

}  // namespace easel
