#include "server/file_headers.h"

#include <unistd.h>

#include <cerrno>
#include <map>
#include <vector>

#include "base/file.h"
#include "blob/crc32c.h"

namespace easel {

std::string_view FileTypeOf(std::string_view path) {
  static const std::map<std::string_view, std::string_view> types{
      {"png", "image/png"},   {"jpg", "image/jpeg"},    {"jpeg", "image/jpeg"},     {"gif", "image/gif"},
      {"webp", "image/webp"}, {"svg", "image/svg+xml"}, {"pdf", "application/pdf"}, {"txt", "text/plain"},
      {"csv", "text/plain"},  {"tsv", "text/plain"},    {"md", "text/plain"},       {"json", "text/plain"},
      {"py", "text/plain"},   {"yaml", "text/plain"},   {"yml", "text/plain"},      {"log", "text/plain"}};
  const auto found = types.find(path.substr(path.rfind('.') + 1));
  return found == types.end() ? "application/octet-stream" : found->second;
}

std::string Disposition(std::string_view path, bool download) {
  std::string out = std::string(download ? "attachment" : "inline") + "; filename*=UTF-8''";
  for (const char c : path.substr(path.rfind('/') + 1)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    static constexpr char kHex[] = "0123456789ABCDEF";
    if (plain)
      out += c;
    else
      out += {'%', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
  }
  return out;
}

std::string FileTag(const struct stat& info) {
  return "\"" + std::to_string(info.st_size) + "-" + std::to_string(info.st_mtim.tv_sec) + "." +
         std::to_string(info.st_mtim.tv_nsec) + "-" + std::to_string(info.st_ino) + "\"";
}

Result<std::uint32_t> Crc32cOfFile(int fd) {
  std::vector<char> piece(std::size_t{1} << 20);
  std::uint32_t crc = 0;
  for (off_t at = 0;;) {
    const ssize_t n = ::pread(fd, piece.data(), piece.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno("read a file", errno);
    if (n == 0) return crc;
    crc = Crc32c(std::string_view(piece.data(), static_cast<std::size_t>(n)), crc);
    at += n;
  }
}

}  // namespace easel
