#include "gcp/log_writer.h"

#include <utility>

#include "base/log.h"

namespace easel::gcp {
namespace {

/// What an entry costs besides its text: ids, labels, JSON.
constexpr std::size_t kOverhead_bytes = 512;

}  // namespace

LogWriter::LogWriter(RestClient& rest, LogWriterOptions options)
    : rest_(rest),
      options_(std::move(options)),
      thread_([this](std::stop_token stop) { Run(std::move(stop)); }) {}

LogWriter::~LogWriter() = default;

void LogWriter::Push(LogEntry entry) {
  const std::size_t bytes = entry.text.size() + kOverhead_bytes;
  waiting_.push_back({std::move(entry), bytes});
  waiting_bytes_ += bytes;
  while (waiting_bytes_ > options_.waiting_bytes && waiting_.size() > 1) {
    waiting_bytes_ -= waiting_.front().bytes;
    waiting_.pop_front();
    ++dropped_;
    ++lost_;
  }
}

std::uint64_t LogWriter::Append(const LogLabels& labels, std::uint64_t number, std::int64_t unix_ms,
                                Severity severity, std::string_view text) {
  const std::lock_guard lock(mutex_);
  for (std::string& piece : LogPieces(text))
    Push({labels, LogInsertId(labels.attempt, number++), unix_ms, severity, std::move(piece)});
  last_labels_ = labels;
  last_ms_ = unix_ms;
  changed_.notify_all();
  return number;
}

bool LogWriter::Flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  const std::uint64_t lost = lost_;
  flushing_ = true;
  changed_.notify_all();
  const bool done = changed_.wait_for(lock, limit, [this] { return waiting_.empty() && !sending_; });
  flushing_ = false;
  return done && lost_ == lost;
}

std::uint64_t LogWriter::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

std::deque<LogWriter::Waiting> LogWriter::TakeBatch() {
  if (dropped_ > 0) {
    const std::string text = std::to_string(dropped_) +
                             " entries before this one were not written: Cloud Logging did "
                             "not take them in time";
    dropped_ = 0;
    LogLabels labels = waiting_.empty() ? last_labels_ : waiting_.front().entry.labels;
    const std::int64_t at = waiting_.empty() ? last_ms_ : waiting_.front().entry.unix_ms;
    std::string id = LogInsertId(labels.attempt + "-lost", ++notices_);
    waiting_.push_front(
        {{std::move(labels), std::move(id), at, Severity::kWarning, text}, text.size() + kOverhead_bytes});
    waiting_bytes_ += waiting_.front().bytes;
  }
  std::deque<Waiting> batch;
  std::size_t bytes = 0;
  while (!waiting_.empty() && batch.size() < options_.batch_entries &&
         (batch.empty() || bytes + waiting_.front().bytes <= options_.batch_bytes)) {
    bytes += waiting_.front().bytes;
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  waiting_bytes_ -= bytes;
  return batch;
}

void LogWriter::Run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
    changed_.wait_for(lock, stop, options_.interval,
                      [this] { return flushing_ || waiting_bytes_ >= options_.batch_bytes; });
    if (stop.stop_requested()) return;
    const std::deque<Waiting> batch = TakeBatch();
    sending_ = true;
    lock.unlock();
    const Status sent = Send(batch, stop);
    lock.lock();
    sending_ = false;
    if (!sent) {
      lost_ += batch.size();
      if (IsTransient(sent.error())) dropped_ += batch.size();  // to be said when it has passed
      if (std::exchange(said_, sent.error().reason) != sent.error().reason)
        Log(LogLevel::kWarning, "gcp", "entries are not written to Cloud Logging: " + sent.error().message);
    } else {
      said_.clear();
    }
    changed_.notify_all();
  }
}

Status LogWriter::Send(const std::deque<Waiting>& batch, std::stop_token stop) {
  json::array entries;
  for (const Waiting& each : batch) entries.push_back(ToJson(each.entry));
  json::object labels = options_.resource_labels;
  if (options_.resource_type == "global") labels["project_id"] = options_.project;
  // Written twice is written once: insert ids.
  const auto written = rest_.Call(
      {.service = Service::kLogging,
       .method = "POST",
       .path = "/v2/entries:write",
       .body = json::object{{"logName", "projects/" + options_.project + "/logs/" + options_.log},
                            {"resource", {{"type", options_.resource_type}, {"labels", std::move(labels)}}},
                            {"partialSuccess", true},
                            {"entries", std::move(entries)}},
       .idempotency = Idempotency::kIdempotent,
       .stop = std::move(stop)});
  if (!written) return std::unexpected(written.error());
  return {};
}

}  // namespace easel::gcp
