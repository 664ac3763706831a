#include "server/direct_uploads.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "http/client.h"
#include "server/file_headers.h"

namespace easel {
namespace {

constexpr std::chrono::milliseconds kAnswerWithin{1500};  ///< then Finish says that it is under way
constexpr std::int64_t kWeek_ms = std::int64_t{7} * 24 * 3600 * 1000;

std::string PathOf(const CanvasPlace& canvas) { return "/api/v1/canvases/" + PercentEncode(canvas.id); }

Upload UploadOf(const UploadRecord& record, std::int64_t offset) {
  return {.id = record.id,
          .path = record.path,
          .bytes = record.bytes,
          .offset = offset,
          .replace = record.replace,
          .done = record.done};
}

/// One that can stand in a header, and that a browser sends as it is.
Status CheckContentType(const std::string& type) {
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (!type.empty() && type.size() <= 200 && type.find('/') != type.npos &&
      std::ranges::all_of(type, is_plain) && type.front() != ' ' && type.back() != ' ')
    return {};
  return Fail(Code::kInvalidArgument, "CONTENT_TYPE_INVALID",
              "`content_type` is a media type such as text/csv; leave it out if it is not known");
}

Error Incomplete() {
  return {Code::kAborted, "UPLOAD_INCOMPLETE", "not all of it has been sent; ask how far it is and go on"};
}

}  // namespace

DirectUploads::DirectUploads(const Workspace& workspace, const Clock& clock, Uploads& here,
                             UploadRecords records, OpenedStore bucket)
    : workspace_(workspace),
      clock_(clock),
      here_(here),
      records_(std::move(records)),
      bucket_(std::move(bucket)) {}

void DirectUploads::End() {
  stop_.request_stop();
  pool_.End();
}

// --- Sending ---

Status DirectUploads::StartSession(UploadRecord& record) {
  EASEL_TRY(
      record.session,
      bucket_.direct->StartSession(
          {stop_.get_token()},
          {.key = record.key(), .bytes = record.bytes, .content_type = record.content_type}, record.origin));
  record.offset = 0;
  record.used_ms = clock_.UnixMs();
  if (const Status kept = records_.Put(record); !kept) {
    (void)bucket_.direct->CancelSession({stop_.get_token()}, record.session);
    return kept;
  }
  return {};
}

Result<DirectUpload> DirectUploads::WithSend(const UploadRecord& record, std::int64_t offset) {
  DirectUpload out{.upload = UploadOf(record, offset), .send = std::nullopt};
  UploadSend send{.resumable = record.bytes > kSingleUpload_bytes, .url = {}, .headers = {}};
  if (!record.in_bucket) {
    send.url = PathOf({.id = record.canvas, .root = {}}) + "/uploads/" + record.id;
    send.headers = {{"content-type", record.content_type}};
    send.expires_ms = clock_.UnixMs() + kWeek_ms;
  } else if (send.resumable) {
    send.url = record.session;
    send.headers = {{"content-type", record.content_type}};
    send.expires_ms = record.used_ms + kAbandonedUpload_ms;
  } else {
    EASEL_TRY(DirectLink link,
              bucket_.direct->Put(
                  {stop_.get_token()},
                  {.key = record.key(), .bytes = record.bytes, .content_type = record.content_type}));
    send.url = std::move(link.url);
    send.headers = std::move(link.headers);
    send.expires_ms = link.expires_ms;
  }
  out.send = std::move(send);
  return out;
}

Result<DirectUpload> DirectUploads::Begin(const CanvasPlace& canvas, const std::string& path,
                                          std::int64_t bytes, bool replace, const std::string& content_type,
                                          const std::string& origin) {
  EASEL_RETURN_IF_ERROR(CheckContentType(content_type));
  UploadRecord record{.id = {},
                      .canvas = canvas.id,
                      .path = path,
                      .bytes = bytes,
                      .replace = replace,
                      .content_type = content_type,
                      .in_bucket = bucket_.direct != nullptr,
                      .session = {},
                      .origin = origin,
                      .used_ms = clock_.UnixMs()};
  if (!record.in_bucket) {
    EASEL_TRY(const Upload upload, here_.BeginDirect(canvas.root, path, bytes, replace));
    record.id = upload.id;
  } else {
    EASEL_RETURN_IF_ERROR(Uploads::CheckTarget(canvas.root, path, bytes, replace));
    record.id = RandomBase32(20);
    if (bytes > kSingleUpload_bytes) {
      EASEL_RETURN_IF_ERROR(StartSession(record));
      return WithSend(record, 0);
    }
  }
  EASEL_RETURN_IF_ERROR(records_.Put(record));
  return WithSend(record, 0);
}

Result<DirectUpload> DirectUploads::FindInBucket(UploadRecord record) {
  const CallContext context{stop_.get_token()};
  if (bucket_.direct == nullptr)
    return Fail(Code::kNotFound, "UPLOAD_UNKNOWN",
                "this upload went to a bucket that the server does not use any more: begin it anew");
  if (record.bytes <= kSingleUpload_bytes) {
    const auto info = bucket_.store->Stat(context, record.key());
    if (info) return DirectUpload{UploadOf(record, record.bytes), std::nullopt};
    if (info.error().code != Code::kNotFound) return std::unexpected(info.error());
    return WithSend(record, 0);
  }
  SessionState state{SessionState::Kind::kGone, 0};
  if (!record.session.empty()) {
    EASEL_TRY(state, bucket_.direct->AskSession(context, record.session, record.bytes));
  }
  if (state.kind == SessionState::Kind::kWhole)
    return DirectUpload{UploadOf(record, record.bytes), std::nullopt};
  if (state.kind == SessionState::Kind::kGone) {
    EASEL_RETURN_IF_ERROR(StartSession(record));
    return WithSend(record, 0);
  }
  record.offset = state.offset;
  record.used_ms = clock_.UnixMs();
  EASEL_RETURN_IF_ERROR(records_.Put(record));
  return WithSend(record, state.offset);
}

Result<DirectUpload> DirectUploads::Find(const CanvasPlace& canvas, const std::string& id) {
  EASEL_TRY(UploadRecord record, records_.Find(canvas.id, id));
  if (record.done) return DirectUpload{UploadOf(record, record.bytes), std::nullopt};
  if (record.in_bucket) return FindInBucket(std::move(record));
  EASEL_TRY(const Upload upload, here_.Find(canvas.root, id));
  if (upload.offset == upload.bytes) return DirectUpload{upload, std::nullopt};
  return WithSend(record, upload.offset);
}

Result<DirectUpload> DirectUploads::Take(const CanvasPlace& canvas, const std::string& id, std::int64_t first,
                                         std::int64_t total, std::string_view bytes) {
  EASEL_TRY(UploadRecord record, records_.Find(canvas.id, id));
  if (record.in_bucket)
    return Fail(Code::kInvalidArgument, "UPLOAD_ELSEWHERE",
                "the bytes of this upload go to the bucket: to the `url` of its `send`");
  if (total != record.bytes)
    return Fail(Code::kInvalidArgument, "UPLOAD_SIZE",
                "this upload was announced with " + std::to_string(record.bytes) + " bytes, not with " +
                    std::to_string(total));
  if (record.done) return DirectUpload{UploadOf(record, record.bytes), std::nullopt};
  EASEL_TRY(Upload upload, here_.Find(canvas.root, id));
  if (const std::int64_t end = first + static_cast<std::int64_t>(bytes.size()); end > upload.offset) {
    // A gap is an error of Add, which says where to go on.
    if (first < upload.offset) bytes.remove_prefix(static_cast<std::size_t>(upload.offset - first));
    EASEL_TRY(upload, here_.Add(canvas.root, id, std::max(first, upload.offset), bytes));
  }
  if (upload.offset == upload.bytes) return DirectUpload{upload, std::nullopt};
  return WithSend(record, upload.offset);
}

// --- Finishing ---

Result<std::optional<Upload>> DirectUploads::Finish(const CanvasPlace& canvas, const std::string& id,
                                                    std::optional<std::uint32_t> crc32c) {
  EASEL_TRY(UploadRecord record, records_.Find(canvas.id, id));
  if (record.done) return UploadOf(record, record.bytes);
  if (!record.in_bucket) {
    const Status finished = here_.Finish(canvas.root, id, crc32c);
    if (!finished && finished.error().reason == "UPLOAD_DIFFERS") EASEL_RETURN_IF_ERROR(Forget(record));
    EASEL_RETURN_IF_ERROR(finished);
    record.done = true;
    record.used_ms = clock_.UnixMs();
    EASEL_RETURN_IF_ERROR(records_.Put(record));
    return UploadOf(record, record.bytes);
  }
  if (bucket_.direct == nullptr) return std::unexpected(FindInBucket(std::move(record)).error());
  std::shared_ptr<Job> job;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Job>& known = jobs_[id];
    if (known == nullptr) {
      auto made = std::make_shared<Job>();
      if (!pool_.Submit([this, made, record, root = canvas.root, crc32c] {
            Status done = Bring(record, root, crc32c);
            const std::lock_guard ended(made->mutex);
            made->ended = std::move(done);
            made->ended_now.notify_all();
          })) {
        jobs_.erase(id);
        return Fail(Code::kUnavailable, "UPLOADS_BUSY",
                    "many uploads are being finished; finish this one again in a moment");
      }
      known = std::move(made);
    }
    job = known;
  }
  std::optional<Status> ended;
  {
    std::unique_lock lock(job->mutex);
    job->ended_now.wait_for(lock, kAnswerWithin, [&] { return job->ended.has_value(); });
    ended = job->ended;
  }
  if (!ended) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = jobs_.find(id); found != jobs_.end() && found->second == job) jobs_.erase(found);
  }
  EASEL_RETURN_IF_ERROR(*ended);
  record.done = true;
  return UploadOf(record, record.bytes);
}

Result<Upload> DirectUploads::Waiting(const CanvasPlace& canvas, const std::string& id) {
  EASEL_TRY(const UploadRecord record, records_.Find(canvas.id, id));
  return UploadOf(record, record.bytes);
}

Status DirectUploads::Bring(UploadRecord record, const std::string& canvas_root,
                            std::optional<std::uint32_t> crc32c) {
  const CallContext context{stop_.get_token()};
  auto info = bucket_.store->Stat(context, record.key());
  if (!info && info.error().code == Code::kNotFound) return std::unexpected(Incomplete());
  if (!info) return std::unexpected(std::move(info).error());
  if (info->size_bytes != record.bytes || (crc32c && info->crc32c && *info->crc32c != *crc32c)) {
    EASEL_RETURN_IF_ERROR(Forget(record));
    return Fail(Code::kInvalidArgument, "UPLOAD_DIFFERS",
                "what arrived in the bucket is not what was announced: send the file anew");
  }
  EASEL_RETURN_IF_ERROR(Uploads::CheckRoom(canvas_root, record.bytes));
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(canvas_root));
  const std::string part = canvas_root + "/.easel/uploads/" + record.id + ".down";
  ::unlink(part.c_str());  // of a server that was killed
  EASEL_TRY(*info, bucket_.store->GetFile(context, record.key(), part, info->generation));
  const UniqueFd fd(::open(part.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return FailErrno("sync an upload", errno);
  Status taken = files.Take(part, record.path, record.replace);
  if (!taken) {
    ::unlink(part.c_str());
    // Ours, of a server that was killed before it wrote that down?
    const auto there = files.Read(record.path);
    if (taken.error().reason != "FILE_EXISTS" || !there || there->info.st_size != record.bytes) return taken;
    EASEL_TRY(const std::uint32_t crc, Crc32cOfFile(there->fd.get()));
    if (info->crc32c != crc) return taken;
  }
  EASEL_TRY(const CanvasFiles::OpenFile made, files.Read(record.path));
  record.done = true;
  record.session.clear();
  record.used_ms = clock_.UnixMs();
  return records_.Finish(record, {.canvas = record.canvas,
                                  .path = record.path,
                                  .tag = FileTag(made.info),
                                  .key = record.key(),
                                  .generation = info->generation});
}

// --- Forgetting ---

Status DirectUploads::Forget(const UploadRecord& record) {
  const CallContext context{stop_.get_token()};
  if (record.in_bucket && bucket_.direct != nullptr && !record.done) {
    if (!record.session.empty())
      EASEL_RETURN_IF_ERROR(bucket_.direct->CancelSession(context, record.session));
    const Status removed =
        bucket_.store->Delete(context, {.key = record.key(), .if_generation = {}, .if_metageneration = {}});
    if (!removed && removed.error().code != Code::kNotFound) return removed;
  }
  return records_.Remove(record.id);
}

Status DirectUploads::Drop(const CanvasPlace& canvas, const std::string& id) {
  EASEL_TRY(const UploadRecord record, records_.Find(canvas.id, id));
  if (!record.in_bucket && !record.done) {
    const Status dropped = here_.Drop(canvas.root, id);
    if (!dropped && dropped.error().code != Code::kNotFound) return dropped;
  }
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.contains(id))
      return Fail(Code::kAborted, "UPLOAD_BUSY", "it is being put into its place: delete the file then");
  }
  return Forget(record);
}

// --- Downloads ---

Result<std::optional<FileInBucket>> DirectUploads::Elsewhere(const CanvasPlace& canvas,
                                                             const std::string& path,
                                                             const CanvasFiles::OpenFile& file) {
  EASEL_TRY(auto known, records_.FindFile(canvas.id, path));
  if (known && known->tag == FileTag(file.info)) return known;
  // Small ones are sent from here sooner than the bucket is asked.
  if (file.info.st_size <= kSingleUpload_bytes) return std::nullopt;
  const auto id = ReadFile(canvas.root + "/.easel/canvas_id", 64);
  const std::string key = "canvases/" + (id ? id->substr(0, id->find('\n')) : "") + "/files/" + path;
  if (!id || !CheckKey(key)) return std::nullopt;
  const auto info = bucket_.store->Stat({stop_.get_token()}, key);
  if (!info || info->size_bytes != file.info.st_size || !info->crc32c) return std::nullopt;
  EASEL_TRY(const std::uint32_t crc, Crc32cOfFile(file.fd.get()));
  if (crc != *info->crc32c) return std::nullopt;
  return FileInBucket{
      .canvas = canvas.id, .path = path, .tag = {}, .key = key, .generation = info->generation};
}

Result<FileLink> DirectUploads::Link(const CanvasPlace& canvas, const std::string& path) {
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(canvas.root));
  EASEL_TRY(const CanvasFiles::OpenFile file, files.Read(path));
  FileLink out{.url = PathOf(canvas) + "/files/content?download=true&path=" + PercentEncode(path),
               .direct = false,
               .expires_ms = clock_.UnixMs() + kWeek_ms,
               .bytes = file.info.st_size};
  if (bucket_.direct == nullptr) return out;
  EASEL_TRY(const auto known, Elsewhere(canvas, path, file));
  if (!known) return out;
  auto link = bucket_.direct->Get({stop_.get_token()}, {.key = known->key,
                                                        .generation = known->generation,
                                                        .content_type = "application/octet-stream",
                                                        .disposition = Disposition(path, true)});
  if (!link) {  // the file is here all the same
    Log(LogLevel::kWarning, "uploads", "no link to the bucket: " + link.error().message);
    return out;
  }
  out.url = std::move(link->url);
  out.direct = true;
  out.expires_ms = link->expires_ms;
  return out;
}

}  // namespace easel
