#include "http/curl/transfer.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace easel::curl {
namespace {

constexpr long kSmallBuffer = 64 << 10;
constexpr long kLargeBuffer = 512 << 10;  // of a streamed download
constexpr long kLargeUploadBuffer = 1 << 20;
constexpr int kLongestPollMs = 1'000;

/// What libcurl's callbacks work on.
struct Transfer {
  const ClientRequest& request;
  ClientResponse answer;
  std::optional<Error> error;  ///< of our own making; goes before libcurl's
  std::uint64_t sent = 0;      ///< of a body by `read`
  int times_sent = 0;
  bool has_head = false;

  void End(Code code, const char* reason, std::string message) {
    if (!error) error = Error{code, reason, std::move(message)};
  }
};

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  return text;
}

size_t OnHeader(char* data, size_t one, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t size = one * count;
  const std::string_view line(data, size);
  if (transfer.has_head) return size;  // a trailer
  ClientResponse& answer = transfer.answer;
  if (line.starts_with("HTTP/")) {
    answer.headers.clear();
    const auto space = line.find(' ');
    answer.status = space == line.npos ? 0 : std::atoi(data + space + 1);
    return size;
  }
  if (Trimmed(line).empty()) {
    if (answer.status < 200) return size;  // 100, 103: another head follows
    transfer.has_head = true;
    if (!transfer.request.on_head || transfer.request.on_head(answer)) return size;
    transfer.End(Code::kCancelled, "REQUEST_ENDED", "the request was ended by its caller");
    return 0;
  }
  const auto colon = line.find(':');
  if (colon == line.npos) return size;
  std::string name(Trimmed(line.substr(0, colon)));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  answer.headers.emplace_back(std::move(name), Trimmed(line.substr(colon + 1)));
  return size;
}

size_t OnBody(char* data, size_t one, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view piece(data, one * count);
  const ClientRequest& request = transfer.request;
  if (request.on_body && transfer.answer.ok()) {
    if (!request.on_body(piece))
      transfer.End(Code::kCancelled, "REQUEST_ENDED", "the request was ended by its caller");
  } else if (transfer.answer.body.size() + piece.size() > request.max_body_bytes) {
    transfer.End(Code::kResourceExhausted, "ANSWER_TOO_LARGE",
                 "the answer has more than " + std::to_string(request.max_body_bytes) + " bytes");
  } else {
    transfer.answer.body += piece;
  }
  return transfer.error ? 0 : piece.size();
}

size_t OnRead(char* to, size_t one, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const ClientBody& body = *transfer.request.body;
  const std::size_t room = std::min<std::uint64_t>(one * count, body.size - transfer.sent);
  if (room == 0) return 0;
  auto got = body.read(transfer.sent, std::span(to, room));
  if (got && *got == 0)
    got = Fail(Code::kDataLoss, "BODY_TOO_SHORT",
               "what is to be sent ends after " + std::to_string(transfer.sent) + " of " +
                   std::to_string(body.size) + " bytes");
  if (!got) {
    transfer.error = std::move(got).error();
    return CURL_READFUNC_ABORT;
  }
  transfer.sent += *got;
  return *got;
}

int OnSeek(void* user, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(user)->sent = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

/// Before a request goes out on a connection, the first or the one that replaces it.
int OnSend(void* user, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.times_sent++ == 0 || transfer.request.idempotent) return CURL_PREREQFUNC_OK;
  transfer.End(Code::kUnavailable, "CONNECTION_LOST",
               "the connection was closed before an answer came; the request may have had its effect");
  return CURL_PREREQFUNC_ABORT;
}

using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

Result<HeaderList> Headers(const ClientRequest& request) {
  HeaderList list(nullptr, curl_slist_free_all);
  const auto add = [&](const std::string& line) {
    list.reset(curl_slist_append(list.release(), line.c_str()));
  };
  bool has_type = false;
  for (const auto& [name, value] : request.headers) {
    if (name.find_first_of("\r\n:") != name.npos ||
        value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos)
      return Fail(Code::kInvalidArgument, "BAD_HEADER", "the header `" + name + "` holds a line break");
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    has_type |= lower == "content-type";
    add(value.empty() ? name + ";" : name + ": " + value);  // libcurl writes an empty header so
  }
  if (!has_type) add("Content-Type:");
  add("Expect:");
  return list;
}

void SetBody(CURL* easy, Transfer& transfer) {
  const ClientRequest& request = transfer.request;
  const std::string& method = request.method;
  if (!request.body) {
    if (method == "HEAD") {
      curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (method == "GET") {
      curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    } else if (method != "DELETE") {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{0});
    }
  } else if (request.body->read) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, OnRead);
    curl_easy_setopt(easy, CURLOPT_READDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, OnSeek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kLargeUploadBuffer);
  } else {
    const std::string_view bytes = request.body->bytes;
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, bytes.empty() ? "" : bytes.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(bytes.size()));
    if (bytes.size() > kSmallBuffer) curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kLargeUploadBuffer);
  }
  if (method != "HEAD") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void SetConnection(CURL* easy, const ClientRequest& request, const HttpClientOptions& options) {
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // names of objects may hold `..`
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(options.kept_for.count()));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (request.stall_timeout.count() > 0) {
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_timeout.count()));
    curl_easy_setopt(
        easy, CURLOPT_LOW_SPEED_LIMIT,
        static_cast<long>(std::max<std::uint64_t>(
            1, request.stall_bytes / static_cast<std::uint64_t>(request.stall_timeout.count()))));
  }
  if (request.direct) {
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  } else if (!options.proxy.empty()) {
    curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
  }
  if (!options.ca_bundle.empty() || !options.ca_pem.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_bundle.empty() ? nullptr : options.ca_bundle.c_str());
    if (!options.ca_pem.empty()) {
      curl_blob pem{const_cast<char*>(options.ca_pem.data()), options.ca_pem.size(), CURL_BLOB_NOCOPY};
      curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &pem);
    }
  }
}

/// The error of a request that libcurl ended with `code`.
Error ErrorOf(CURLcode code, CURL* easy, const Transfer& transfer, const char* text) {
  if (transfer.error) return *transfer.error;
  const auto error = [&](Code canonical, const char* reason, const std::string& what) {
    const std::string_view detail = *text != '\0' ? text : curl_easy_strerror(code);
    return Error{canonical, reason, what + ": " + std::string(detail)};
  };
  long proxy_status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
  if (proxy_status >= 300)
    return error(Code::kFailedPrecondition, "PROXY_REFUSED",
                 "the proxy answered " + std::to_string(proxy_status));
  const bool was_sent = transfer.times_sent > 0;
  switch (code) {
    case CURLE_URL_MALFORMAT: return error(Code::kInvalidArgument, "BAD_URL", "this URL cannot be asked");
    case CURLE_UNSUPPORTED_PROTOCOL:
      if (was_sent) return error(Code::kUnavailable, "CONNECTION_LOST", "the answer is not HTTP");
      return error(Code::kInvalidArgument, "BAD_URL", "this URL cannot be asked");
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return error(Code::kUnavailable, "HOST_NOT_FOUND", "no address is known for this host");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
      return error(Code::kFailedPrecondition, "TLS_FAILED",
                   "the server's certificate is not trusted (a proxy with its own authority? give its "
                   "certificate as ca_bundle)");
    case CURLE_OPERATION_TIMEDOUT: {
      if (!was_sent) return error(Code::kUnavailable, "CONNECT_FAILED", "no connection");
      double elapsed_s = 0;
      curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME, &elapsed_s);
      const auto limit = transfer.request.timeout;
      if (limit.count() > 0 && elapsed_s * 1000 >= static_cast<double>(limit.count()) - 1)
        return error(Code::kDeadlineExceeded, "REQUEST_TIMEOUT", "no whole answer in time");
      return error(Code::kDeadlineExceeded, "REQUEST_STALLED", "nothing was moving any more");
    }
    default: break;
  }
  if (!was_sent) return error(Code::kUnavailable, "CONNECT_FAILED", "no connection");
  return error(Code::kUnavailable, "CONNECTION_LOST", "the connection ended before the whole answer came");
}

/// Drive the one transfer of `multi` to its end, or until `stop`.
std::optional<CURLcode> Drive(CURLM* multi, const std::stop_token& stop) {
  const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
  for (int running = 1;;) {
    if (stop.stop_requested()) return std::nullopt;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
    if (running == 0) break;
    curl_multi_poll(multi, nullptr, 0, kLongestPollMs, nullptr);
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left))
    if (message->msg == CURLMSG_DONE) return message->data.result;
  return CURLE_FAILED_INIT;
}

}  // namespace

Result<ClientResponse> Perform(Line& line, const ClientRequest& request, const HttpClientOptions& options) {
  CURL* easy = line.easy.get();
  Transfer transfer{request};
  EASEL_TRY(const HeaderList headers, Headers(request));
  char text[CURL_ERROR_SIZE] = "";
  curl_easy_reset(easy);  // keeps the connection
  SetConnection(easy, request, options);
  SetBody(easy, transfer);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, text);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, OnSend);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, request.on_body ? kLargeBuffer : kSmallBuffer);
  curl_multi_add_handle(line.multi.get(), easy);
  const std::optional<CURLcode> code = Drive(line.multi.get(), request.stop);
  curl_multi_remove_handle(line.multi.get(), easy);
  if (!code) return Fail(Code::kCancelled, "REQUEST_STOPPED", "the request was stopped");
  // An answer that came before all of the body was sent is an answer.
  if (*code != CURLE_OK || transfer.error) return std::unexpected(ErrorOf(*code, easy, transfer, text));
  return std::move(transfer.answer);
}

}  // namespace easel::curl
