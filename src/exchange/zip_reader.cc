#include "exchange/zip_reader.h"

#include <fcntl.h>
#include <minizip/unzip.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "canvas/problem.h"
#include "canvas/utf8.h"

namespace easel {
namespace {

constexpr std::size_t kMostPath = 1000, kMostPart = 255;
constexpr std::size_t kPieceBytes = 256 << 10;
constexpr std::uint64_t kUnixHost = 3, kMacHost = 19;

std::unexpected<Error> Invalid(const std::string& what) {
  return Fail(Code::kInvalidArgument, "ZIP_INVALID",
              "the archive cannot be read: " + what + "; make it again");
}
std::unexpected<Error> Unsafe(std::string_view entry, const std::string& what) {
  return Fail(Code::kInvalidArgument, "ZIP_UNSAFE",
              "entry " + Ticked(ValidUtf8(entry.substr(0, 200))) + " of the archive " + what);
}

/// Check a name as it stands in an archive; gives it without the '/' at the end of a folder's.
Result<std::string> CheckEntryName(std::string_view name) {
  if (name.empty() || name == "/") return Unsafe(name, "has no name");
  if (name.front() == '/' || (name.size() > 1 && name[1] == ':'))
    return Unsafe(name, "has an absolute path: pack the canvas's folder with relative ones");
  if (name.size() > kMostPath) return Unsafe(name, "has too long a path: at most 1000 bytes");
  if (FindInvalidUtf8(name))
    return Unsafe(name, "has a name that is not UTF-8: pack it with a program that writes such names");
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\')
      return Unsafe(name, "has a control character or a backslash in its name");
  if (name.back() == '/') name.remove_suffix(1);
  for (const std::string& part : Split(name, '/')) {
    if (part == "..") return Unsafe(name, "leads out of the canvas");
    if (part.empty() || part == ".") return Unsafe(name, "has an empty part in its path");
    if (part.size() > kMostPart) return Unsafe(name, "has too long a name: at most 255 bytes a part");
  }
  return std::string(name);
}

/// Check that the file ends with the whole record that an archive ends with; minizip takes what is missing for zeros. Nothing
/// may stand behind it: what one program skips, another reads.
Status CheckEnd(const std::string& file, std::int64_t size) {
  constexpr std::int64_t kRecord = 22, kMostComment = 65'535;
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return FailErrno("open " + file, errno);
  std::string tail(static_cast<std::size_t>(std::min(size, kRecord + kMostComment)), '\0');
  const ssize_t n =
      ::pread(fd.get(), tail.data(), tail.size(), size - static_cast<std::int64_t>(tail.size()));
  if (n < 0) return FailErrno("read " + file, errno);
  if (static_cast<std::size_t>(n) == tail.size())
    for (std::size_t at = tail.size() < kRecord ? std::string::npos : tail.size() - kRecord;
         at != std::string::npos; at = at == 0 ? std::string::npos : at - 1) {
      if (tail.compare(at, 4, "PK\5\6") != 0) continue;
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(tail[at + i]); };
      if (at + kRecord + byte(20) + 256 * std::size_t{byte(21)} == tail.size()) return {};
    }
  return Invalid("it is no .zip archive, or its end is missing");
}

class MinizipReader final : public ZipReader {
 public:
  explicit MinizipReader(unzFile archive) : archive_(archive) {}
  ~MinizipReader() override { unzClose(archive_); }

  const std::vector<ZipEntry>& entries() const override { return entries_; }

  Status List(std::int64_t archive_bytes, const ZipLimits& limits) {
    unz_global_info64 all{};
    if (unzGetGlobalInfo64(archive_, &all) != UNZ_OK) return Invalid("it has no listing");
    if (all.number_entry > static_cast<std::uint64_t>(limits.entries))
      return Fail(
          Code::kInvalidArgument, "ZIP_TOO_LARGE",
          "the archive has more than " + std::to_string(limits.entries) + " files: import it in parts");
    std::int64_t packed = 0, unpacked = 0;
    int at = all.number_entry == 0 ? UNZ_END_OF_LIST_OF_FILE : unzGoToFirstFile(archive_);
    for (; at == UNZ_OK; at = unzGoToNextFile(archive_)) {
      unz_file_info64 info{};
      EASEL_TRY(ZipEntry entry, Entry(info));
      if (info.uncompressed_size > static_cast<std::uint64_t>(limits.bytes) ||
          (unpacked += static_cast<std::int64_t>(info.uncompressed_size)) > limits.bytes)
        return Fail(Code::kInvalidArgument, "ZIP_TOO_LARGE",
                    "unpacked, the archive has more than " + HumanBytes(limits.bytes));
      if (info.compressed_size > static_cast<std::uint64_t>(archive_bytes) ||
          (packed += static_cast<std::int64_t>(info.compressed_size)) > archive_bytes)
        return Invalid("its files overlap");
      entries_.push_back(std::move(entry));
      if (entries_.size() > all.number_entry) return Invalid("its listing is longer than it says");
    }
    if (at != UNZ_END_OF_LIST_OF_FILE || entries_.size() != all.number_entry)
      return Invalid("its listing is damaged");
    if (unpacked > limits.free_bytes && unpacked / limits.growth > archive_bytes)
      return Fail(Code::kInvalidArgument, "ZIP_TOO_LARGE",
                  "unpacked, the archive has " + HumanBytes(unpacked) + ", which is more than " +
                      std::to_string(limits.growth) + " times its own size: it looks like a bomb");
    return CheckTogether();
  }

  Status Unpack(const std::string& folder, const Place& place) override {
    std::size_t number = 0;
    for (int at = unzGoToFirstFile(archive_); at == UNZ_OK && number < entries_.size();
         at = unzGoToNextFile(archive_), ++number) {
      const ZipEntry& entry = entries_[number];
      const std::string path = place(entry);
      if (path.empty()) continue;
      const std::string full = folder + "/" + path;
      EASEL_RETURN_IF_ERROR(MakeDirectories(entry.folder ? full : ParentOf(full)));
      if (!entry.folder) EASEL_RETURN_IF_ERROR(UnpackOne(entry, full));
    }
    return number == entries_.size() ? Status{} : Invalid("its listing is damaged");
  }

 private:
  Result<ZipEntry> Entry(unz_file_info64& info) {
    std::string name(kMostPath + 2, '\0');
    if (unzGetCurrentFileInfo64(archive_, &info, name.data(), name.size(), nullptr, 0, nullptr, 0) != UNZ_OK)
      return Invalid("its listing is damaged");
    name.resize(std::min<std::size_t>(info.size_filename, name.size()));
    EASEL_TRY(std::string path, CheckEntryName(name));
    if ((info.flag & 0x41) != 0) return Unsafe(name, "is locked by a password: pack it without one");
    if (info.compression_method != 0 && info.compression_method != Z_DEFLATED)
      return Unsafe(name, "is packed by a method other than deflate: pack it with ordinary settings");
    ZipEntry out{.path = std::move(path), .folder = name.ends_with('/')};
    if (const std::uint64_t host = info.version >> 8; host == kUnixHost || host == kMacHost) {
      const auto mode = static_cast<mode_t>(info.external_fa >> 16);
      const mode_t type = mode & S_IFMT;
      if (S_ISLNK(mode)) return Unsafe(name, "is a link: pack what it leads to");
      if (type != 0 && type != (out.folder ? S_IFDIR : S_IFREG))
        return Unsafe(name, "is neither a file nor a folder");
      out.executable = !out.folder && (mode & 0100) != 0;
    }
    if (out.folder && info.uncompressed_size != 0) return Invalid("a folder in it has content");
    out.bytes = static_cast<std::int64_t>(info.uncompressed_size);
    return out;
  }

  /// No path twice, and no file where another entry needs a folder.
  Status CheckTogether() const {
    std::set<std::string_view> all, files;
    for (const ZipEntry& entry : entries_) {
      if (!all.insert(entry.path).second) return Unsafe(entry.path, "is there twice");
      if (!entry.folder) files.insert(entry.path);
    }
    for (const ZipEntry& entry : entries_) {
      const std::string_view path = entry.path;
      for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
           slash = path.find('/', slash + 1))
        if (files.contains(path.substr(0, slash)))
          return Unsafe(entry.path, "is in a folder that is also a file");
    }
    return {};
  }

  Status UnpackOne(const ZipEntry& entry, const std::string& path) {
    UniqueFd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        entry.executable ? 0755 : 0644));
    if (!out.valid()) return FailErrno("create " + entry.path, errno);
    if (unzOpenCurrentFile(archive_) != UNZ_OK) return Invalid(Ticked(entry.path) + " is damaged");
    std::string piece(static_cast<std::size_t>(std::min<std::int64_t>(entry.bytes + 1, kPieceBytes)), '\0');
    std::int64_t bytes = 0;
    Status written;
    int n = 0;
    while (written &&
           (n = unzReadCurrentFile(archive_, piece.data(), static_cast<unsigned>(piece.size()))) > 0) {
      if ((bytes += n) > entry.bytes) break;
      written = WriteAll(out.get(), std::string_view(piece).substr(0, static_cast<std::size_t>(n)));
    }
    const int closed = unzCloseCurrentFile(archive_);
    EASEL_RETURN_IF_ERROR(written);
    if (n != 0 || closed != UNZ_OK || bytes != entry.bytes)
      return Invalid(Ticked(entry.path) + " is damaged");
    return {};
  }

  const unzFile archive_;
  std::vector<ZipEntry> entries_;
};

}  // namespace

Result<std::unique_ptr<ZipReader>> ZipReader::Open(const std::string& file, const ZipLimits& limits) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return FailErrno("open " + file, errno);
  EASEL_RETURN_IF_ERROR(CheckEnd(file, info.st_size));
  const unzFile archive = unzOpen64(file.c_str());
  if (archive == nullptr) return Invalid("it is no .zip archive, or its end is missing");
  auto out = std::make_unique<MinizipReader>(archive);
  EASEL_RETURN_IF_ERROR(out->List(info.st_size, limits));
  return out;
}

}  // namespace easel
