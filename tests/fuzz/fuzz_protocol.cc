// Bytes from engines and workers: lines and requests, frames and messages, specs and results. Nothing may crash, and
// what is accepted must keep to the contract.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "executor/attempt_spec.h"
#include "executor/protocol.h"
#include "executor/worker_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t half = size / 2;

  easel::LineSplitter lines(1 << 12);
  std::vector<std::string> requests;
  if (lines.Feed(bytes.substr(0, half), requests)) (void)lines.Feed(bytes.substr(half), requests);
  requests.emplace_back(bytes);
  for (const std::string& line : requests) {
    auto request = easel::ParseRequest(line);
    if (!request) continue;
    const easel::json::value* spec = request->body.if_contains("spec");
    if (spec == nullptr || !spec->is_object()) continue;
    auto parsed = easel::ReadAttemptSpec(spec->get_object());
    if (parsed && (parsed->block.find('/') != std::string::npos || parsed->state_root.front() != '/'))
      std::abort();
  }

  easel::FrameSplitter splitter(1 << 12);
  std::vector<std::string> frames;
  if (splitter.Feed(bytes.substr(0, half), frames)) (void)splitter.Feed(bytes.substr(half), frames);
  frames.emplace_back(bytes);
  for (const std::string& frame : frames) {
    if (frame.size() > (1 << 12) && frame.size() != size) std::abort();
    auto message = easel::ParseWorkerMessage(frame);
    if (!message || message->event != easel::WorkerEvent::kResult) continue;
    auto result = easel::ReadAttemptResult(std::move(message->body), easel::AttemptSpec{});
    if (!result || !result->succeeded) continue;
    for (const std::string& digest : result->objects)
      if (digest.size() != 64) std::abort();
  }
  return 0;
}
