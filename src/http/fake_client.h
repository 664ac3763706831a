// An HttpClient whose answers a test writes, in order or by a function, and which remembers what was asked.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "http/client.h"

namespace easel {

/// Thread-safe, but for the public members.
class FakeHttpClient final : public HttpClient {
 public:
  struct Sent {
    std::string method;
    std::string url;
    HttpHeaders headers;
    std::string body;
    bool idempotent = true;

    std::string_view Header(std::string_view name) const { return HeaderOf(headers, name); }
  };

  /// Answers requests for which nothing was queued; without it those fail with kUnavailable CONNECT_FAILED.
  std::function<Result<ClientResponse>(const Sent&)> handler;
  std::vector<Sent> sent;

  /// The next request gets this answer.
  void Answer(int status, std::string body, HttpHeaders headers = {}) {
    queue_.push_back(ClientResponse{status, std::move(headers), std::move(body)});
  }
  void AnswerError(Error error) { queue_.push_back(std::unexpected(std::move(error))); }

  Result<ClientResponse> Send(const ClientRequest& request) override {
    Sent now{request.method, request.url, request.headers, {}, request.idempotent};
    if (request.body) {
      now.body = std::string(request.body->bytes);
      char piece[4096];
      while (request.body->read && now.body.size() < request.body->size) {
        EASEL_TRY(const std::size_t n, request.body->read(now.body.size(), piece));
        if (n == 0) break;
        now.body.append(piece, n);
      }
    }
    auto answer = Next(now);
    if (!answer || (request.on_head && !request.on_head(*answer))) {
      if (!answer) return answer;
      return Fail(Code::kCancelled, "REQUEST_ENDED", "the request was ended by its caller");
    }
    if (request.on_body && answer->ok()) {
      if (!request.on_body(answer->body))
        return Fail(Code::kCancelled, "REQUEST_ENDED", "the request was ended by its caller");
      answer->body.clear();
    }
    return answer;
  }

 private:
  Result<ClientResponse> Next(const Sent& now) {
    const std::lock_guard lock(mutex_);
    sent.push_back(now);
    if (!queue_.empty()) {
      auto answer = std::move(queue_.front());
      queue_.pop_front();
      return answer;
    }
    if (handler) return handler(now);
    return Fail(Code::kUnavailable, "CONNECT_FAILED",
                "no answer was written for " + now.method + " " + now.url);
  }

  std::mutex mutex_;
  std::deque<Result<ClientResponse>> queue_;
};

}  // namespace easel
