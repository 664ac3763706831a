#include "base/ids.h"

#include <sys/random.h>

#include "base/error.h"

namespace easel {

static constexpr char kBase32[] = "0123456789abcdefghijklmnopqrstuv";

std::string RandomBase32(int n) {
  std::string out(static_cast<std::size_t>(n), '0');
  EASEL_CHECK(::getrandom(out.data(), out.size(), 0) == static_cast<ssize_t>(out.size()));
  for (char& c : out) c = kBase32[static_cast<unsigned char>(c) & 31];
  return out;
}

RunId NewRunId(long long now_ms) {
  std::string out = "r000000000";
  for (int i = 9; i >= 1; --i, now_ms >>= 5) out[static_cast<std::size_t>(i)] = kBase32[now_ms & 31];
  return RunId{out + RandomBase32(6)};
}

CanvasId NewCanvasId() { return CanvasId{RandomBase32(20)}; }

AttemptId MakeAttemptId(const RunId& run, std::string_view block, long long epoch) {
  return AttemptId{run.value + "/" + std::string(block) + "." + std::to_string(epoch)};
}

}  // namespace easel
