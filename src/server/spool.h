// Answers that are too large to hold: written to a file without a name, then sent from there piece by piece.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "http/message.h"

namespace easel {

/// Room for a few such answers that are being written at a time. Thread-safe; outlives what it opened.
class Spools {
 public:
  Spools(std::string folder, int most) : folder_(std::move(folder)), most_(most) {}

  /// One file, gone when nobody has it open any more. Confined to one thread.
  class Spool {
   public:
    Spool(UniqueFd fd, std::atomic<int>& open) : fd_(std::move(fd)), open_(&open) {}
    Spool(Spool&& other) noexcept : fd_(std::move(other.fd_)), open_(std::exchange(other.open_, nullptr)) {}
    Spool& operator=(Spool&&) = delete;
    ~Spool() {
      if (open_ != nullptr) --*open_;
    }
    /// For programs that open files by name, while this lives.
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }
    /// Errors: kResourceExhausted DISK_FULL.
    Status Write(std::string_view piece) const;
    /// All of it as the body of an answer.
    Result<HttpFile> Finish() &&;

   private:
    UniqueFd fd_;
    std::atomic<int>* open_;
  };

  /// Errors: kResourceExhausted EXPORTS_BUSY; those of the file system.
  Result<Spool> Open();

 private:
  const std::string folder_;
  const int most_;
  std::atomic<int> open_ = 0;
};

}  // namespace easel
