// Writes entries to Cloud Logging in batches, from a thread of its own: who logs never waits for Google.
//
// Entries are for display: when Google cannot be reached the newest are kept, up to a limit, and the loss is said in the log.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "gcp/log_entry.h"
#include "gcp/rest_client.h"

namespace easel::gcp {

struct LogWriterOptions {
  std::string project;
  std::string log = "easel";  ///< of projects/PROJECT/logs/LOG
  /// The monitored resource; "global" has no labels but the project's.
  std::string resource_type = "global";
  json::object resource_labels;
  std::chrono::milliseconds interval{1'000};       ///< from the first entry to its batch
  std::size_t batch_bytes = std::size_t{4} << 20;  ///< a request has at most 10 MB
  std::size_t batch_entries = 1'000;
  std::size_t waiting_bytes = std::size_t{32} << 20;  ///< of all that wait; beyond, the oldest are dropped
};

/// Thread-safe.
class LogWriter {
 public:
  /// `rest` must outlive it.
  LogWriter(RestClient& rest, LogWriterOptions options);
  /// Ends without sending what waits: Flush first.
  ~LogWriter();

  /// Take one text, in as many entries as its length needs; `number` makes their insert ids, so that a text which is said again after
  /// a crash, with the same time and number, is one entry. Numbers of one attempt differ by at least 1 per 60 KiB of text.
  /// Returns the number behind the last one used.
  std::uint64_t Append(const LogLabels& labels, std::uint64_t number, std::int64_t unix_ms, Severity severity,
                       std::string_view text);

  /// Send all that waits now. False if it was not all sent (dropped, refused, or `limit` has passed).
  bool Flush(std::chrono::milliseconds limit);

  /// Entries that were dropped or refused, so far.
  std::uint64_t lost() const;

 private:
  struct Waiting {
    LogEntry entry;
    std::size_t bytes;
  };

  void Run(std::stop_token stop);
  Status Send(const std::deque<Waiting>& batch, std::stop_token stop);
  void Push(LogEntry entry);  // under mutex_
  std::deque<Waiting> TakeBatch();

  RestClient& rest_;
  const LogWriterOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t dropped_ = 0;  ///< not said yet
  std::uint64_t lost_ = 0;
  std::uint64_t notices_ = 0;
  std::string said_;  ///< why the batch before was refused
  bool sending_ = false, flushing_ = false;
  LogLabels last_labels_;
  std::int64_t last_ms_ = 0;
  std::jthread thread_;  ///< the last member: ends first
};

}  // namespace easel::gcp
