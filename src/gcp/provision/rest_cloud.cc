#include "gcp/provision/rest_cloud.h"

#include <algorithm>
#include <array>

namespace easel {
namespace {

constexpr std::int64_t kMostSkewS = 300;

gcp::Service ServiceNamed(std::string_view name) {
  for (std::size_t i = 0; i < gcp::kServices; ++i)
    if (const auto service = static_cast<gcp::Service>(i); gcp::ServiceName(service) == name) return service;
  EASEL_CHECK(false);
  return gcp::Service::kIam;
}

}  // namespace

Result<json::value> RestCloud::Call(const CloudCall& call) {
  if (stop_.stop_requested()) return Fail(Code::kCancelled, "CANCELLED", "Cancelled.");
  auto answer =
      rest_.Call({.service = ServiceNamed(call.service),
                  .method = call.method,
                  .path = call.path,
                  .query = call.query,
                  .headers = {},
                  .body = call.body,
                  .text_body = {},
                  .idempotency = call.repeatable ? gcp::Idempotency::kIdempotent : gcp::Idempotency::kNot,
                  .stop = stop_});
  if (answer) return answer;
  Error error = std::move(answer).error();
  if (stop_.stop_requested()) return Fail(Code::kCancelled, "CANCELLED", "Cancelled.");
  const std::int64_t ahead = rest_.server_ahead_s();
  if ((error.code == Code::kUnauthenticated || error.code == Code::kPermissionDenied) &&
      std::abs(ahead) > kMostSkewS)
    error.message += "\nThis machine's clock is " + std::to_string(std::abs(ahead) / 60) + " minutes " +
                     (ahead > 0 ? "behind" : "ahead of") +
                     " Google's: set it right (timedatectl set-ntp true), tokens and signatures depend on it";
  return std::unexpected(std::move(error));
}

Status RestCloud::Pause(int attempt) {
  const auto& policy = rest_.options().retry;
  const std::chrono::milliseconds longest =
      std::min<std::chrono::milliseconds>(policy.longest, policy.first * (1 << std::min(attempt - 1, 10)));
  const auto wait = std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(longest.count()) * gcp::RandomFraction()));
  if (!sleeper_.Sleep(wait, stop_)) return Fail(Code::kCancelled, "CANCELLED", "Cancelled.");
  return {};
}

}  // namespace easel
