// HttpClient on libcurl: a handle per request under way, kept with its connection for the next request to the same origin.
//
// Handles are not shared between threads: libcurl cannot share connections safely. A thread takes the handle that was used last,
// so that few connections do most of the work, and the others end by age.
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "base/log.h"
#include "http/curl/transfer.h"

namespace easel {
namespace {

/// "https://host:port" of a URL; as much as is there.
std::string_view OriginOf(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == url.npos) return url;
  return url.substr(0, url.find_first_of("/?#", scheme + 3));
}

/// What a log may have of a URL: no query, which holds signatures and session ids, and no user.
std::string_view Loggable(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const auto scheme = url.find("://");
  const auto at = OriginOf(url).rfind('@');
  if (at != url.npos) return url.substr(at + 1);
  return scheme == url.npos ? url : url.substr(scheme + 3);
}

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(HttpClientOptions options) : options_(std::move(options)) {}

  Result<ClientResponse> Send(const ClientRequest& request) override {
    const auto began = std::chrono::steady_clock::now();
    curl::Line line = Take(OriginOf(request.url), request.direct);
    auto answer = curl::Perform(line, request, options_);
    if (WillLog(LogLevel::kDebug)) {
      const auto ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
      Log(LogLevel::kDebug, "http",
          request.method + " " + std::string(Loggable(request.url)) + " " +
              (answer ? std::to_string(answer->status) : answer.error().reason) + " " +
              std::to_string(ms.count()) + " ms");
    }
    GiveBack(std::move(line));
    if (!answer) answer.error().message = std::string(OriginOf(request.url)) + ": " + answer.error().message;
    return answer;
  }

 private:
  curl::Line Take(std::string_view origin, bool direct) {
    const std::string key = std::string(origin) + (direct ? " direct" : "");
    {
      const std::lock_guard lock(mutex_);
      const auto oldest = std::chrono::steady_clock::now() - options_.kept_for;
      std::erase_if(idle_, [&](const curl::Line& line) { return line.used < oldest; });
      for (auto line = idle_.rbegin(); line != idle_.rend(); ++line)
        if (line->origin == key) {
          curl::Line found = std::move(*line);
          idle_.erase(std::next(line).base());
          return found;
        }
    }
    curl::Line made;
    made.origin = key;
    return made;
  }

  void GiveBack(curl::Line line) {
    line.used = std::chrono::steady_clock::now();
    std::optional<curl::Line> ended;  // closed outside the lock
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(line));
    if (idle_.size() > options_.kept_connections) {
      ended = std::move(idle_.front());
      idle_.erase(idle_.begin());
    }
  }

  const HttpClientOptions options_;
  std::mutex mutex_;
  std::vector<curl::Line> idle_;  ///< the last used is the last
};

}  // namespace

Result<std::unique_ptr<HttpClient>> MakeHttpClient(HttpClientOptions options) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return Fail(Code::kInternal, "CURL_FAILED", curl_easy_strerror(started));
  if (!options.ca_bundle.empty() && ::access(options.ca_bundle.c_str(), R_OK) != 0)
    return Fail(Code::kNotFound, "CA_BUNDLE_MISSING",
                "ca_bundle: cannot read " + options.ca_bundle + "; it is a file of PEM certificates");
  return std::make_unique<CurlClient>(std::move(options));
}

}  // namespace easel
