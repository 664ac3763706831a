// What a block and its canvas take on the disk, and whether that is more than they may.
//
// Quotas of the file system would be exact, but few file systems have them on; so folders are measured. Files without a
// name that a process of the block holds open or mapped count, too. Known gap: one that is held by nothing but a message in a socket.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "executor/event_loop.h"
#include "executor/work_pool.h"

namespace easel {

struct DiskAllowance {
  std::vector<std::string> folders;  ///< measured together, with all below them
  std::int64_t limit_bytes = 0;
  std::int64_t at_start_bytes = 0;  ///< a canvas that has too much already may still be read and tidied
};

/// Bytes on the disk of everything in these folders; an entry counts for 4 KiB at least, a file with several names once.
/// Blocks for about a microsecond an entry. What goes away meanwhile is passed over.
///
/// Errors: kResourceExhausted DISK_LIMIT for folders nested deeper than any program needs.
Result<std::int64_t> MeasureFolders(const std::vector<std::string>& folders);

/// Bytes of files without a name that the process `tree` and all below it hold.
std::int64_t UnnamedBytes(pid_t tree);

/// Errors: kResourceExhausted DISK_LIMIT when more is taken than may be, and more than at the start; the message says how much.
/// Blocks as MeasureFolders.
Status CheckAllowance(const DiskAllowance& allowance, pid_t tree);

/// Looks, while a block runs, whether it has taken too much: often at how much is free, at the folders only when that
/// could be so, and every few seconds. Confined to the loop's thread.
class DiskWatch {
 public:
  /// `exceeded` is called at most once, with the reason.
  DiskWatch(EventLoop& loop, WorkPool& pool, DiskAllowance allowance, pid_t tree,
            std::function<void(const std::string&)> exceeded);
  ~DiskWatch();
  DiskWatch(const DiskWatch&) = delete;

 private:
  void Look();
  void Measure();

  EventLoop& loop_;
  WorkPool& pool_;
  const DiskAllowance allowance_;
  const pid_t tree_;
  const std::function<void(const std::string&)> exceeded_;
  EventLoop::TimerId timer_ = 0;
  std::int64_t free_bytes_ = 0;       ///< when the folders were last measured
  std::int64_t next_measure_ms_ = 0;  ///< at the latest
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace easel
