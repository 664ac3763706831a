#include "server/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace easel {

Status Spools::Spool::Write(std::string_view piece) const {
  const Status written = WriteAll(fd_.get(), piece);
  if (!written && errno == ENOSPC)
    return Fail(Code::kResourceExhausted, "DISK_FULL",
                "the server's disk has no room for this export; free some space and try again");
  return written;
}

Result<HttpFile> Spools::Spool::Finish() && {
  struct stat info{};
  if (::fstat(fd_.get(), &info) != 0) return FailErrno("read an export", errno);
  return HttpFile{.fd = std::make_shared<const UniqueFd>(std::move(fd_)),
                  .offset = 0,
                  .length = static_cast<std::uint64_t>(info.st_size)};
}

Result<Spools::Spool> Spools::Open() {
  if (++open_ > most_) {
    --open_;
    return Fail(Code::kResourceExhausted, "EXPORTS_BUSY",
                "other exports are being made; try again in a moment");
  }
  const auto open = [&]() -> Result<UniqueFd> {
    EASEL_RETURN_IF_ERROR(MakeDirectories(folder_));
    std::string path = folder_ + "/XXXXXX";
    UniqueFd fd(::mkostemp(path.data(), O_CLOEXEC));
    if (!fd.valid() || ::unlink(path.c_str()) != 0) return FailErrno("create " + path, errno);
    return fd;
  };
  auto fd = open();
  if (!fd) {
    --open_;
    return std::unexpected(fd.error());
  }
  return Spool(*std::move(fd), open_);
}

}  // namespace easel
