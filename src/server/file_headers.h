// What an answer with a file says of it, and how two versions of a file are told apart.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace easel {

/// What a browser may show as itself; everything else is text or a download. The answer is sandboxed in any case.
std::string_view FileTypeOf(std::string_view path);

/// Content-Disposition. RFC 6266, with RFC 8187 for what is not ASCII.
std::string Disposition(std::string_view path, bool download);

/// Size, time of change and inode: another one when the file is another.
std::string FileTag(const struct stat& info);

/// Of all of an open file.
Result<std::uint32_t> Crc32cOfFile(int fd);

}  // namespace easel
