#include "blob/gcs_transfer.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>
#include <vector>

#include <unistd.h>

#include "base/ids.h"
#include "blob/crc32c.h"

namespace easel {
namespace {

using gcp::Service;

constexpr int kMostSessions = 4;

std::string ConditionOf(const PutOptions& options) {
  return options.if_generation ? "&ifGenerationMatch=" + std::to_string(*options.if_generation) : "";
}

json::object ResourceOf(const GcsPlace& place, std::string_view key, const UploadSource& source,
                        const PutOptions& options) {
  return {{"name", place.prefix + std::string(key)},
          {"contentType", options.content_type},
          {"crc32c", EncodeCrc32c(source.crc32c)}};
}

std::unexpected<Error> FailStopped(const GcsPlace& place, std::string_view key) {
  return Fail(Code::kCancelled, "CANCELLED", place.Name() + "/" + std::string(key) + ": stopped");
}

/// Is the request worth another try? What it did before was nothing, or can be done again.
bool MayTryAgain(const Error& error, bool idempotent) {
  return gcp::IsTransient(error) && (idempotent || gcp::WasNotSent(error));
}

}  // namespace

Error GcsTransfer::Explain(Error error, std::string_view key) const {
  const std::string name = place_.Name();
  if (error.code == Code::kNotFound) return FailAbsent(name, key).error();
  if (error.reason == "conditionNotMet") return FailMismatch(name, key).error();
  if (error.code == Code::kPermissionDenied)
    error.message = name + "/" + std::string(key) + ": " + rest_.tokens().Who() + " may not do this (" +
                    error.message +
                    "). Grant it roles/storage.objectAdmin on the bucket, or ask who runs the bucket.";
  else
    error.message = name + "/" + std::string(key) + ": " + error.message;
  if (error.reason == "REQUEST_STOPPED") error.reason = "CANCELLED";
  return error;
}

Result<ObjectInfo> GcsTransfer::Stat(const CallContext& context, std::string_view key,
                                     Generation generation) {
  gcp::RestCall call{.service = Service::kStorage,
                     .path = place_.ObjectPath(key),
                     .idempotency = gcp::Idempotency::kIdempotent,
                     .stop = context.stop};
  if (generation != 0) call.query.emplace_back("generation", std::to_string(generation));
  auto answer = rest_.Call(call);
  if (!answer) return std::unexpected(Explain(std::move(answer).error(), key));
  return ReadObjectResource(*answer, place_);
}

Result<ObjectInfo> GcsTransfer::Upload(const CallContext& context, std::string_view key,
                                       const UploadSource& source, const PutOptions& options) {
  if (context.stop.stop_requested()) return FailStopped(place_, key);
  return source.size_bytes <= options_.multipart_bytes ? UploadAtOnce(context, key, source, options)
                                                       : UploadBySession(context, key, source, options);
}

Result<ObjectInfo> GcsTransfer::Finished(const CallContext& context, std::string_view key,
                                         const UploadSource& source, const ClientResponse& answer) {
  EASEL_TRY(const json::value resource, ParseJson(answer.body, place_.Name() + "/" + std::string(key)));
  EASEL_TRY(ObjectInfo info, ReadObjectResource(resource, place_));
  if (info.size_bytes == source.size_bytes && (!info.crc32c || *info.crc32c == source.crc32c)) return info;
  // The server checks what we said that it would get; should it not have, nobody shall find the object.
  gcp::RestCall remove{.service = Service::kStorage,
                       .method = "DELETE",
                       .path = place_.ObjectPath(key),
                       .query = {{"ifGenerationMatch", std::to_string(info.generation)}},
                       .idempotency = gcp::Idempotency::kIdempotent,
                       .stop = context.stop};
  (void)rest_.Call(remove);
  return Fail(Code::kDataLoss, "OBJECT_CORRUPT",
              place_.Name() + "/" + std::string(key) + ": what arrived is not what was sent; try again");
}

Result<ObjectInfo> GcsTransfer::OursAfterAll(const CallContext& context, std::string_view key,
                                             const UploadSource& source, Error error) {
  const auto there = Stat(context, key);
  if (there && there->size_bytes == source.size_bytes && there->crc32c == source.crc32c) return *there;
  return std::unexpected(Explain(std::move(error), key));
}

Result<ObjectInfo> GcsTransfer::UploadAtOnce(const CallContext& context, std::string_view key,
                                             const UploadSource& source, const PutOptions& options) {
  const std::string boundary = "easel_" + RandomBase32(24);
  std::string body = "--" + boundary + "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" +
                     json::serialize(ResourceOf(place_, key, source, options)) + "\r\n--" + boundary +
                     "\r\nContent-Type: " + options.content_type + "\r\n\r\n";
  const std::size_t begin = body.size();
  body.resize(begin + static_cast<std::size_t>(source.size_bytes));
  for (std::size_t at = begin; at < body.size();) {
    EASEL_TRY(const std::size_t n, source.read(at - begin, std::span(body).subspan(at)));
    if (n == 0)
      return Fail(Code::kAborted, "FILE_CHANGED", std::string(key) + ": became shorter while it was sent");
    at += n;
  }
  body += "\r\n--" + boundary + "--\r\n";
  const bool idempotent = options.if_generation.has_value();
  gcp::Backoff backoff = rest_.MakeBackoff();
  for (bool retried = false;; retried = true) {
    auto answer =
        rest_.Send(Service::kStorage,
                   {.method = "POST",
                    .url = "/upload" + place_.BucketPath() + "/o?uploadType=multipart" + ConditionOf(options),
                    .headers = {{"content-type", "multipart/related; boundary=" + boundary}},
                    .body = ClientBody{.bytes = body},
                    .timeout = std::chrono::milliseconds(0),
                    .stall_timeout = options_.stall_timeout,
                    .idempotent = false,  // a try that the client repeats would not be seen
                    .stop = context.stop});
    if (answer && answer->ok()) {
      auto finished = Finished(context, key, source, *answer);
      // A cut answer says nothing; the object may be there.
      if (finished || finished.error().reason != "JSON_MALFORMED" || !idempotent) return finished;
      if (!backoff.Wait(context.stop)) return finished;
      continue;
    }
    Error error = answer ? gcp::ErrorOfAnswer(*answer, "upload") : std::move(answer).error();
    if (error.reason == "conditionNotMet" && retried)
      return OursAfterAll(context, key, source, std::move(error));
    if (!MayTryAgain(error, idempotent) ||
        !backoff.Wait(context.stop, answer ? gcp::RetryAfter(answer->Header("retry-after")) : std::nullopt))
      return std::unexpected(Explain(std::move(error), key));
  }
}

Result<std::string> GcsTransfer::StartSession(const CallContext& context, std::string_view key,
                                              const UploadSource& source, const PutOptions& options,
                                              gcp::Backoff& backoff, bool& retried) {
  const std::string body = json::serialize(ResourceOf(place_, key, source, options));
  const bool idempotent = options.if_generation.has_value();
  for (;; retried = true) {
    auto answer =
        rest_.Send(Service::kStorage,
                   {.method = "POST",
                    .url = "/upload" + place_.BucketPath() + "/o?uploadType=resumable" + ConditionOf(options),
                    .headers = {{"content-type", "application/json; charset=UTF-8"},
                                {"x-upload-content-type", options.content_type},
                                {"x-upload-content-length", std::to_string(source.size_bytes)}},
                    .body = ClientBody{.bytes = body},
                    .idempotent = false,  // a try that the client repeats would not be seen
                    .stop = context.stop});
    if (answer && answer->ok()) {
      const std::string session(answer->Header("location"));
      // The session is asked with our token: nobody else may get that.
      if (session.starts_with(rest_.endpoints().Base(Service::kStorage) + "/")) return session;
      return Fail(Code::kDataLoss, "ANSWER_MALFORMED",
                  place_.Name() + ": the server offers an upload at another place than its own");
    }
    Error error = answer ? gcp::ErrorOfAnswer(*answer, "upload") : std::move(answer).error();
    if (!MayTryAgain(error, idempotent) ||
        !backoff.Wait(context.stop, answer ? gcp::RetryAfter(answer->Header("retry-after")) : std::nullopt))
      return std::unexpected(std::move(error));
  }
}

Result<ClientResponse> GcsTransfer::AskSession(const CallContext& context, const std::string& session,
                                               std::int64_t size) {
  return rest_.Send(Service::kStorage, {.method = "PUT",
                                        .url = session,
                                        .headers = {{"content-range", "bytes */" + std::to_string(size)}},
                                        .body = ClientBody{},
                                        .stop = context.stop});
}

//   start ──> sending ──2xx──> finished
//     ^         │  ^ 308: so much has come, go on behind it
//     │         │  └──308── asking <──broken, transient──┐
//     │         └────────────────────────────────────────┘
//     └──the session is gone (404, 410), with a condition only
Result<ObjectInfo> GcsTransfer::UploadBySession(const CallContext& context, std::string_view key,
                                                const UploadSource& source, const PutOptions& options) {
  const std::int64_t size = source.size_bytes;
  bool retried = false;
  Error error;
  for (int sessions = 0; sessions < kMostSessions; ++sessions, retried = true) {
    std::optional<gcp::Backoff> backoff(rest_.MakeBackoff());
    auto started = StartSession(context, key, source, options, *backoff, retried);
    if (!started && started.error().reason == "conditionNotMet" && retried)
      return OursAfterAll(context, key, source, std::move(started).error());
    if (!started) return std::unexpected(Explain(std::move(started).error(), key));
    const std::string& session = *started;
    bool asking = false;
    for (std::int64_t at = 0, furthest = 0;;) {
      const bool rest_is_empty = asking || at == size;
      auto answer =
          rest_is_empty
              ? AskSession(context, session, size)
              : rest_.Send(Service::kStorage,
                           {.method = "PUT",
                            .url = session,
                            .headers = {{"content-type", options.content_type},
                                        {"content-range", "bytes " + std::to_string(at) + "-" +
                                                              std::to_string(size - 1) + "/" +
                                                              std::to_string(size)}},
                            .body = ClientBody{.read =
                                                   [&](std::uint64_t offset, std::span<char> to) {
                                                     return source.read(
                                                         offset + static_cast<std::uint64_t>(at), to);
                                                   },
                                               .size = static_cast<std::uint64_t>(size - at)},
                            .timeout = std::chrono::milliseconds(0),
                            .stall_timeout = options_.stall_timeout,
                            .stop = context.stop});
      if (answer && answer->ok()) {
        auto finished = Finished(context, key, source, *answer);
        if (finished || finished.error().reason != "JSON_MALFORMED") return finished;
        error = finished.error();  // asked again, it says so again
      } else if (answer && answer->status == 308) {
        EASEL_TRY(at, ReadUploadRange(answer->Header("range")));
        if (at > size)
          return Fail(Code::kDataLoss, "ANSWER_MALFORMED", place_.Name() + ": more came than was sent");
        const bool further = at > furthest;
        furthest = std::max(furthest, at);
        if (further || (asking && backoff->waits() > 0)) {
          if (further) backoff.emplace(rest_.MakeBackoff());
          asking = false;
          continue;
        }
        error = Error{Code::kUnavailable, "UPLOAD_STANDS", "the upload does not get on"};
      } else {
        error = answer ? gcp::ErrorOfAnswer(*answer, "upload") : std::move(answer).error();
        if (answer && (answer->status == 404 || answer->status == 410)) {
          if (!options.if_generation)
            return std::unexpected(Explain({Code::kUnavailable, "UPLOAD_LOST", error.message}, key));
          break;
        }
        if (error.reason == "conditionNotMet" && retried)
          return OursAfterAll(context, key, source, std::move(error));
        if (!gcp::IsTransient(error)) {
          if (context.stop.stop_requested())  // what is there of it would be kept for a week
            (void)rest_.Send(Service::kStorage, {.method = "DELETE", .url = session});
          return std::unexpected(Explain(std::move(error), key));
        }
      }
      if (!backoff->Wait(context.stop)) return std::unexpected(Explain(std::move(error), key));
      asking = true;
    }
  }
  error.code = Code::kUnavailable;
  return std::unexpected(Explain(std::move(error), key));
}

Status GcsTransfer::Read(const CallContext& context, ObjectInfo& info, std::int64_t begin, std::int64_t end,
                         const std::function<Status(const ObjectInfo&)>& look, const Sink& sink) {
  Status refused;  // by whoever takes the bytes
  bool looked = false;
  std::int64_t at = begin, last_at = begin;
  std::optional<gcp::Backoff> backoff;
  for (;;) {
    ClientRequest request{
        .url = "/download" + place_.ObjectPath(info.key) + "?alt=media",
        .on_head = [&](const ClientResponse& head) -> bool {
          if (!head.ok()) return true;
          const auto range = ReadContentRange(head.Header("content-range"));
          const auto number = [&](std::string_view name) -> std::int64_t {
            return std::strtoll(std::string(head.Header(name)).c_str(), nullptr, 10);
          };
          const Generation generation = number("x-goog-generation");
          const std::int64_t size = range ? range->size : number("content-length");
          if ((head.status == 206 && (!range || range->first != at)) || (head.status == 200 && at != 0)) {
            refused = Fail(Code::kDataLoss, "ANSWER_MALFORMED",
                           place_.Name() + ": another range came than was asked for");
            return false;
          }
          if (looked && (size != info.size_bytes || (generation != 0 && generation != info.generation))) {
            refused = FailAbsent(place_.Name(), info.key);
            return false;
          }
          if (looked) return true;
          looked = true;
          info.size_bytes = size;
          if (generation != 0) info.generation = generation;
          info.metageneration = number("x-goog-metageneration");
          info.crc32c = ReadHashHeader(head.JoinedHeader("x-goog-hash"));
          refused = look(info);
          return refused.has_value();
        },
        .on_body = [&](std::string_view piece) -> bool {
          const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(end, info.size_bytes) - at);
          if (piece.size() > wanted) piece = piece.substr(0, wanted);
          refused = sink(at, piece);
          at += static_cast<std::int64_t>(piece.size());
          return refused.has_value();
        },
        .timeout = std::chrono::milliseconds(0),
        .stall_timeout = options_.stall_timeout,
        .stop = context.stop};
    if (info.generation != 0) request.url += "&generation=" + std::to_string(info.generation);
    if (at > 0 || end != INT64_MAX)
      request.headers.push_back(
          {"range", "bytes=" + std::to_string(at) + "-" + (end == INT64_MAX ? "" : std::to_string(end - 1))});
    auto answer = rest_.Send(Service::kStorage, std::move(request));
    if (!refused) return refused;
    if (answer && answer->ok() && looked && at >= std::min(end, info.size_bytes)) return {};
    Error error{Code::kUnavailable, "CONNECTION_LOST", "the download ended early"};
    if (!answer) error = std::move(answer).error();
    if (answer && !answer->ok()) error = gcp::ErrorOfAnswer(*answer, "download");
    if (answer && answer->status == 416) {
      EASEL_TRY(info, Stat(context, info.key, info.generation));
      if (at != info.size_bytes)
        return Fail(Code::kOutOfRange, "OFFSET_BEYOND_END", place_.Name() + "/" + info.key + " is shorter");
      return look(info);
    }
    if (!gcp::IsTransient(error)) return std::unexpected(Explain(std::move(error), info.key));
    if (!backoff || at > last_at) backoff.emplace(rest_.MakeBackoff());
    last_at = at;
    if (!backoff->Wait(context.stop, answer ? gcp::RetryAfter(answer->Header("retry-after")) : std::nullopt))
      return std::unexpected(Explain(std::move(error), info.key));
  }
}

Result<ObjectInfo> GcsTransfer::Download(const CallContext& context, std::string_view key,
                                         Generation generation, int fd) {
  ObjectInfo info{.key = std::string(key), .generation = generation};
  std::mutex writing;  // the kernel lets one at a time into a file, and the others spin; here they sleep
  const auto into = [&](std::uint32_t& crc) -> Sink {
    return [&crc, &writing, fd, this, key](std::int64_t offset, std::string_view piece) -> Status {
      crc = Crc32c(piece, crc);
      const std::lock_guard lock(writing);
      while (!piece.empty()) {
        const ssize_t n = ::pwrite(fd, piece.data(), piece.size(), offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return FailErrno("write " + place_.Name() + "/" + std::string(key), errno);
        offset += n;
        piece.remove_prefix(static_cast<std::size_t>(n));
      }
      return {};
    };
  };
  const auto good = [](const ObjectInfo&) { return Status{}; };
  const std::int64_t piece = options_.piece_bytes;
  std::uint32_t whole = 0;
  EASEL_RETURN_IF_ERROR(Read(context, info, 0, piece, good, into(whole)));
  const auto pieces = static_cast<std::size_t>((info.size_bytes + piece - 1) / piece);
  std::vector<std::uint32_t> sums(pieces, 0);
  std::atomic<std::size_t> next = 1;
  std::mutex mutex;
  Status failed;
  {
    std::stop_source stop;
    const std::stop_callback outer(context.stop, [&] { stop.request_stop(); });
    const CallContext inner{stop.get_token()};
    const auto work = [&] {
      for (std::size_t i = next++; i < pieces; i = next++) {
        ObjectInfo same = info;
        const std::int64_t begin = static_cast<std::int64_t>(i) * piece;
        Status read = Read(inner, same, begin, std::min(begin + piece, info.size_bytes), good, into(sums[i]));
        if (read && same.size_bytes != info.size_bytes) read = FailAbsent(place_.Name(), key);
        if (read) continue;
        const std::lock_guard lock(mutex);
        if (failed) failed = std::move(read);
        stop.request_stop();
        return;
      }
    };
    std::vector<std::jthread> threads;
    const std::size_t beside = std::min(pieces, static_cast<std::size_t>(options_.threads));
    for (std::size_t i = 1; i < beside; ++i) threads.emplace_back(work);
    if (pieces > 1) work();
  }
  if (!failed) return std::unexpected(std::move(failed).error());
  for (std::size_t i = 1; i < pieces; ++i)
    whole = JoinCrc32c(
        whole, sums[i],
        static_cast<std::uint64_t>(std::min(piece, info.size_bytes - static_cast<std::int64_t>(i) * piece)));
  if (!info.crc32c) {
    EASEL_TRY(info, Stat(context, key, info.generation));
  }
  if (info.crc32c && *info.crc32c != whole)
    return Fail(Code::kDataLoss, "OBJECT_CORRUPT",
                place_.Name() + "/" + std::string(key) +
                    ": what arrived is not what the bucket says it has; try again");
  return info;
}

}  // namespace easel
