#include "blob/gcs_object_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/ids.h"
#include "blob/crc32c.h"

namespace easel {
namespace {

using gcp::Idempotency;
using gcp::RestCall;
using gcp::Service;

constexpr std::size_t kMostInBatch = 100;
constexpr int kRenamePolls = 600;

class GcsObjectStore final : public ObjectStore {
 public:
  GcsObjectStore(gcp::RestClient& rest, GcsPlace place, GcsTransferOptions options)
      : rest_(rest), place_(std::move(place)), transfer_(rest, place_, options) {}

  std::string name() const override { return place_.Name(); }

  Result<ObjectInfo> Put(const CallContext& context, std::string_view key, std::string_view bytes,
                         const PutOptions& options) override {
    EASEL_RETURN_IF_ERROR(Enter(context, key));
    return transfer_.Upload(
        context, key,
        {.size_bytes = static_cast<std::int64_t>(bytes.size()),
         .crc32c = Crc32c(bytes),
         .read = [bytes](std::uint64_t offset, std::span<char> to) -> Result<std::size_t> {
           const std::size_t n = std::min<std::size_t>(to.size(), bytes.size() - offset);
           std::memcpy(to.data(), bytes.data() + offset, n);
           return n;
         }},
        options);
  }

  Result<ObjectInfo> PutFile(const CallContext& context, std::string_view key, const std::string& path,
                             const PutOptions& options) override {
    EASEL_RETURN_IF_ERROR(Enter(context, key));
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd.valid()) return FailErrno("open " + path, errno);
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return FailErrno("stat " + path, errno);
    UploadSource source{.size_bytes = info.st_size,
                        .read = [&](std::uint64_t offset, std::span<char> to) -> Result<std::size_t> {
                          for (;;) {
                            const ssize_t n =
                                ::pread(fd.get(), to.data(), to.size(), static_cast<off_t>(offset));
                            if (n >= 0) return static_cast<std::size_t>(n);
                            if (errno != EINTR) return FailErrno("read " + path, errno);
                          }
                        }};
    std::string buffer(std::size_t{1} << 20, '\0');
    std::int64_t at = 0;
    for (;;) {
      EASEL_RETURN_IF_ERROR(Enter(context, key));
      EASEL_TRY(const std::size_t n, source.read(static_cast<std::uint64_t>(at), buffer));
      if (n == 0) break;
      source.crc32c = Crc32c(std::string_view(buffer).substr(0, n), source.crc32c);
      at += static_cast<std::int64_t>(n);
    }
    if (at != source.size_bytes)
      return Fail(Code::kAborted, "FILE_CHANGED", path + ": was changed while it was read");
    auto sent = transfer_.Upload(context, key, source, options);
    // The server refuses what is not as the checksum said: then the file is another by now.
    struct stat after{};
    if (!sent && ::fstat(fd.get(), &after) == 0 &&
        (after.st_size != info.st_size || after.st_mtim.tv_sec != info.st_mtim.tv_sec ||
         after.st_mtim.tv_nsec != info.st_mtim.tv_nsec))
      return Fail(Code::kAborted, "FILE_CHANGED", path + ": was changed while it was sent");
    return sent;
  }

  Result<ObjectContent> Get(const CallContext& context, std::string_view key,
                            const GetOptions& options) override {
    EASEL_RETURN_IF_ERROR(Enter(context, key));
    ObjectContent out{.info = {.key = std::string(key), .generation = options.generation}};
    const std::int64_t begin = options.offset;
    const std::int64_t end = options.length > INT64_MAX - begin ? INT64_MAX : begin + options.length;
    if (begin == end) {  // no range is that short
      EASEL_TRY(out.info, transfer_.Stat(context, key, options.generation));
      if (begin <= out.info.size_bytes) return out;
      return Fail(Code::kOutOfRange, "OFFSET_BEYOND_END", name() + "/" + std::string(key) + " is shorter");
    }
    std::uint32_t crc = 0;
    EASEL_RETURN_IF_ERROR(transfer_.Read(
        context, out.info, begin, end,
        [&](const ObjectInfo& info) -> Status {
          const std::int64_t size = std::min(end, info.size_bytes) - begin;
          if (size > options.max_bytes)
            return Fail(Code::kResourceExhausted, "OBJECT_TOO_LARGE",
                        name() + "/" + std::string(key) + " has " + std::to_string(size) +
                            " bytes, more than are wanted");
          out.bytes.reserve(static_cast<std::size_t>(std::max<std::int64_t>(size, 0)));
          return {};
        },
        [&](std::int64_t, std::string_view piece) -> Status {
          crc = Crc32c(piece, crc);
          out.bytes += piece;
          return {};
        }));
    if (std::ssize(out.bytes) == out.info.size_bytes && out.info.crc32c && *out.info.crc32c != crc)
      return Fail(
          Code::kDataLoss, "OBJECT_CORRUPT",
          name() + "/" + std::string(key) + ": what arrived is not what the bucket says it has; try again");
    return out;
  }

  Result<ObjectInfo> GetFile(const CallContext& context, std::string_view key, const std::string& path,
                             Generation generation) override {
    EASEL_RETURN_IF_ERROR(Enter(context, key));
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd.valid()) return FailErrno("create " + path, errno);
    auto got = transfer_.Download(context, key, generation, fd.get());
    if (!got) ::unlink(path.c_str());
    return got;
  }

  Result<ObjectInfo> Stat(const CallContext& context, std::string_view key) override {
    EASEL_RETURN_IF_ERROR(Enter(context, key));
    return transfer_.Stat(context, key);
  }

  Result<ObjectInfo> Touch(const CallContext& context, std::string_view key) override {
    EASEL_RETURN_IF_ERROR(Enter(context, key));
    EASEL_TRY(const ObjectInfo before, transfer_.Stat(context, key));
    auto answer = rest_.Call({.service = Service::kStorage,
                              .method = "PATCH",
                              .path = place_.ObjectPath(key),
                              .query = {{"generation", std::to_string(before.generation)},
                                        {"ifMetagenerationMatch", std::to_string(before.metageneration)}},
                              .body = json::object{{"metadata", {{"used", RandomBase32(8)}}}},
                              .idempotency = Idempotency::kIdempotent,
                              .stop = context.stop});
    if (answer) return ReadObjectResource(*answer, place_);
    // Somebody else touched it, or we did and the answer was lost: it is touched.
    if (answer.error().reason == "conditionNotMet") return transfer_.Stat(context, key);
    return std::unexpected(transfer_.Explain(std::move(answer).error(), key));
  }

  Result<Listing> List(const CallContext& context, const ListOptions& options) override {
    if (context.stop.stop_requested()) return Fail(Code::kCancelled, "CANCELLED", name() + ": stopped");
    RestCall call{.service = Service::kStorage,
                  .path = place_.BucketPath() + "/o",
                  .query = {{"prefix", place_.prefix + options.prefix},
                            {"maxResults", std::to_string(options.page_size)}},
                  .idempotency = Idempotency::kIdempotent,
                  .stop = context.stop};
    if (options.shallow) {
      call.query.emplace_back("delimiter", "/");
      call.query.emplace_back("includeFoldersAsPrefixes", "true");
    }
    if (!options.page_token.empty()) call.query.emplace_back("pageToken", options.page_token);
    auto answer = rest_.Call(call);
    if (!answer) return std::unexpected(transfer_.Explain(std::move(answer).error(), options.prefix));
    JsonReader reader(*answer, name());
    Listing out{.next_page_token = reader.StringOr("nextPageToken", "")};
    if (const json::array* items = reader.ArrayOr("items"))
      for (const json::value& item : *items) {
        EASEL_TRY(ObjectInfo info, ReadObjectResource(item, place_));
        out.objects.push_back(std::move(info));
      }
    for (const std::string& folder : reader.StringsOr("prefixes"))
      if (folder.starts_with(place_.prefix)) out.folders.push_back(folder.substr(place_.prefix.size()));
    EASEL_RETURN_IF_ERROR(reader.status());
    return out;
  }

  Status Delete(const CallContext& context, const Deletion& deletion) override {
    EASEL_RETURN_IF_ERROR(Enter(context, deletion.key));
    RestCall call{.service = Service::kStorage,
                  .method = "DELETE",
                  .path = place_.ObjectPath(deletion.key),
                  .idempotency = deletion.if_generation ? Idempotency::kIdempotent : Idempotency::kNot,
                  .stop = context.stop};
    if (deletion.if_generation)
      call.query.emplace_back("ifGenerationMatch", std::to_string(*deletion.if_generation));
    if (deletion.if_metageneration)
      call.query.emplace_back("ifMetagenerationMatch", std::to_string(*deletion.if_metageneration));
    auto answer = rest_.Call(call);
    if (!answer) return std::unexpected(transfer_.Explain(std::move(answer).error(), deletion.key));
    return {};
  }

  std::vector<Status> DeleteAll(const CallContext& context, const std::vector<Deletion>& deletions) override {
    std::vector<Status> out(deletions.size());
    for (std::size_t begin = 0; begin < deletions.size(); begin += kMostInBatch)
      DeleteBatch(context, deletions, begin, std::min(begin + kMostInBatch, deletions.size()), out);
    return out;
  }

  Status CreateFolder(const CallContext& context, std::string_view key) override {
    EASEL_RETURN_IF_ERROR(EnterFolder(context, key));
    auto answer = rest_.Call({.service = Service::kStorage,
                              .method = "POST",
                              .path = place_.BucketPath() + "/folders",
                              .query = {{"recursive", "true"}},
                              .body = json::object{{"name", place_.prefix + std::string(key)}},
                              .stop = context.stop});
    if (answer) return {};
    if (HasFolder(context, key))
      return Fail(Code::kAlreadyExists, "FOLDER_EXISTS",
                  name() + "/" + std::string(key) + " is there already");
    return FailFolder(context, std::move(answer).error(), key);
  }

  Status DeleteFolder(const CallContext& context, std::string_view key) override {
    EASEL_RETURN_IF_ERROR(EnterFolder(context, key));
    auto answer = rest_.Call({.service = Service::kStorage,
                              .method = "DELETE",
                              .path = place_.FolderPath(key),
                              .stop = context.stop});
    if (answer) return {};
    if (answer.error().code == Code::kAlreadyExists && HasFolder(context, key))
      return Fail(Code::kFailedPrecondition, "FOLDER_NOT_EMPTY",
                  name() + "/" + std::string(key) + " is not empty");
    return FailFolder(context, std::move(answer).error(), key);
  }

  Status RenameFolder(const CallContext& context, std::string_view from, std::string_view to) override {
    EASEL_RETURN_IF_ERROR(EnterFolder(context, from));
    EASEL_RETURN_IF_ERROR(EnterFolder(context, to));
    auto answer = rest_.Call({.service = Service::kStorage,
                              .method = "POST",
                              .path = place_.FolderPath(from) + "/renameTo/folders/" +
                                      PercentEncode(place_.prefix + std::string(to)),
                              .stop = context.stop});
    if (!answer && answer.error().code == Code::kAlreadyExists && HasFolder(context, to))
      return Fail(Code::kAlreadyExists, "FOLDER_EXISTS",
                  name() + "/" + std::string(to) + " is there already");
    if (!answer) return FailFolder(context, std::move(answer).error(), from);
    // Who may use objects may not ask for operations: the old name is gone when it is over.
    gcp::Backoff backoff = rest_.MakeBackoff();
    for (int polls = 0; polls < kRenamePolls; ++polls) {
      if (!HasFolder(context, from)) return {};
      if (!backoff.Wait(context.stop)) break;
    }
    return Fail(Code::kDeadlineExceeded, "RENAME_UNDER_WAY",
                name() + "/" + std::string(from) + ": is still being renamed; look again later");
  }

 private:
  Status Enter(const CallContext& context, std::string_view key) const {
    EASEL_RETURN_IF_ERROR(CheckKey(key));
    if (place_.prefix.size() + key.size() > 1024)
      return Fail(Code::kInvalidArgument, "KEY_INVALID",
                  name() + "/" + std::string(key) + " is longer than 1024 bytes");
    if (context.stop.stop_requested())
      return Fail(Code::kCancelled, "CANCELLED", name() + "/" + std::string(key) + ": stopped");
    return {};
  }

  Status EnterFolder(const CallContext& context, std::string_view key) const {
    EASEL_RETURN_IF_ERROR(CheckFolderKey(key));
    return Enter(context, key.substr(0, key.size() - 1));
  }

  bool HasFolder(const CallContext& context, std::string_view key) {
    return rest_
        .Call({.service = Service::kStorage,
               .path = place_.FolderPath(key),
               .idempotency = Idempotency::kIdempotent,
               .stop = context.stop})
        .has_value();
  }

  /// What an error of a folder's call means; a bucket without folders refuses all of them in its own way.
  Status FailFolder(const CallContext& context, Error error, std::string_view key) {
    const auto any = rest_.Call({.service = Service::kStorage,
                                 .path = place_.BucketPath() + "/folders",
                                 .query = {{"pageSize", "1"}},
                                 .idempotency = Idempotency::kIdempotent,
                                 .stop = context.stop});
    if (!any && any.error().code != Code::kPermissionDenied && !gcp::IsTransient(any.error()))
      return Fail(Code::kUnimplemented, "FOLDERS_UNSUPPORTED",
                  name() + ": this bucket has no folders of its own; one with a hierarchical namespace has");
    if (error.code == Code::kNotFound)
      return Fail(Code::kNotFound, "FOLDER_ABSENT", name() + ": there is no folder " + std::string(key));
    return std::unexpected(transfer_.Explain(std::move(error), key));
  }

  void DeleteBatch(const CallContext& context, const std::vector<Deletion>& deletions, std::size_t begin,
                   std::size_t end, std::vector<Status>& out) {
    std::vector<const Deletion*> good;
    std::vector<std::size_t> places;
    for (std::size_t i = begin; i < end; ++i) {
      out[i] = Enter(context, deletions[i].key);
      if (!out[i]) continue;
      good.push_back(&deletions[i]);
      places.push_back(i);
    }
    if (good.empty()) return;
    const std::string boundary = "easel_" + RandomBase32(24);
    const std::string body = WriteBatch(place_, good, boundary);
    const auto answer =
        rest_.Send(Service::kStorage, {.method = "POST",
                                       .url = "/batch/storage/v1",
                                       .headers = {{"content-type", "multipart/mixed; boundary=" + boundary}},
                                       .body = ClientBody{.bytes = body},
                                       .idempotent = false,
                                       .stop = context.stop});
    std::map<std::size_t, BatchAnswer> answers;
    if (answer && answer->ok()) answers = ReadBatch(answer->Header("content-type"), answer->body);
    for (std::size_t i = 0; i < good.size(); ++i) {
      const auto found = answers.find(i);
      if (found == answers.end()) {  // none came, or none that we understand: it is asked for by itself
        out[places[i]] = Delete(context, *good[i]);
        continue;
      }
      if (found->second.status >= 200 && found->second.status < 300) continue;
      Error error =
          gcp::ErrorOfAnswer({.status = found->second.status, .body = found->second.body}, "delete");
      out[places[i]] = gcp::IsTransient(error) && good[i]->if_generation
                           ? Delete(context, *good[i])
                           : Status(std::unexpected(transfer_.Explain(std::move(error), good[i]->key)));
    }
  }

  gcp::RestClient& rest_;
  const GcsPlace place_;
  GcsTransfer transfer_;
};

}  // namespace

std::unique_ptr<ObjectStore> MakeGcsObjectStore(gcp::RestClient& rest, GcsPlace place,
                                                GcsTransferOptions options) {
  return std::make_unique<GcsObjectStore>(rest, std::move(place), options);
}

Status CheckBucket(gcp::RestClient& rest, const GcsPlace& place, const CallContext& context) {
  // By itself first: a token that cannot be had is nothing about the bucket, whatever its code.
  EASEL_TRY(const gcp::AccessToken token, rest.tokens().Token(context.stop));
  auto answer = rest.Call({.service = Service::kStorage,
                           .path = place.BucketPath() + "/o",
                           .query = {{"prefix", place.prefix}, {"maxResults", "1"}},
                           .idempotency = Idempotency::kIdempotent,
                           .stop = context.stop});
  if (answer) return {};
  if (answer.error().code == Code::kNotFound)
    return Fail(Code::kNotFound, "BUCKET_ABSENT",
                "gs://" + place.bucket +
                    ": there is no such bucket. `easel gcp apply` makes one; or check its name.");
  if (answer.error().code == Code::kPermissionDenied)
    return Fail(Code::kPermissionDenied, "BUCKET_DENIED",
                "gs://" + place.bucket + ": " + rest.tokens().Who() + " may not list its objects (" +
                    answer.error().message + "). Grant it roles/storage.objectAdmin on the bucket.");
  return std::unexpected(std::move(answer).error());
}

}  // namespace easel
