#include "cli/retention_words.h"

#include <cstdlib>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "canvas/values.h"

namespace easel {
namespace {

Result<std::int64_t> Bytes(const std::string& where, const std::string& text) {
  const auto bytes = ParseMemoryBytes(text);
  if (bytes) return *bytes;
  return Fail(Code::kInvalidArgument, "USAGE", where + ": " + bytes.error() + " (for example 20GiB)");
}

}  // namespace

Result<RetentionOptions> RetentionOfThisMachine() {
  RetentionOptions out{.now_ms = SystemClock().UnixMs()};
  if (const char* keep = std::getenv("EASEL_KEEP_ATTEMPTS"); keep != nullptr && *keep != '\0') {
    char* end = nullptr;
    out.keep = std::strtoll(keep, &end, 10);
    if (*end != '\0' || out.keep < 1 || out.keep > 1'000'000'000)
      return Fail(
          Code::kInvalidArgument, "USAGE",
          "EASEL_KEEP_ATTEMPTS=" + std::string(keep) + ": expected a whole number of attempts from 1");
  }
  if (const char* bytes = std::getenv("EASEL_KEEP_BYTES"); bytes != nullptr && *bytes != '\0') {
    EASEL_TRY(out.max_bytes, Bytes("EASEL_KEEP_BYTES=" + std::string(bytes), bytes));
  }
  return out;
}

Result<RetentionOptions> RetentionOf(const Invocation& invocation) {
  EASEL_TRY(RetentionOptions out, RetentionOfThisMachine());
  EASEL_TRY(out.keep, invocation.Number("keep", out.keep, 1));
  if (invocation.Has("max-bytes")) {
    EASEL_TRY(out.max_bytes, Bytes("--max-bytes", invocation.Value("max-bytes")));
  }
  out.dry_run = invocation.Has("dry-run");
  return out;
}

std::vector<std::string> SourceDigests(const Canvas& canvas) {
  std::vector<std::string> out;
  for (const Block& block : canvas.blocks) out.push_back(DigestOf(block.source));
  return out;
}

std::optional<std::string> TidyUp(const std::string& state_root, const Canvas& canvas,
                                  MetadataStore& metadata) {
  auto options = RetentionOfThisMachine();
  if (!options) return "nothing old was removed: " + options.error().message;
  const auto due = RetentionIsDue(state_root, metadata, *options);
  if (!due || !*due) return std::nullopt;  // what is wrong is told by whoever needs it
  options->sources = SourceDigests(canvas);
  const auto done = ApplyRetention(state_root, metadata, *options);
  if (!done) return "nothing old was removed: " + done.error().message;
  const Collected& collected = done->collected;
  if (collected.attempts.empty() && collected.objects == 0) {
    if (!done->over_limit) return std::nullopt;
    return "the results that stand need more than " + HumanBytes(options->max_bytes) + " (" +
           HumanBytes(collected.kept_bytes) + "); nothing was removed";
  }
  return "removed " + std::to_string(collected.attempts.size()) + " old attempts, " +
         HumanBytes(collected.bytes) + " (the newest " + std::to_string(options->keep) +
         " of a block stay; `easel gc --help`)";
}

}  // namespace easel
