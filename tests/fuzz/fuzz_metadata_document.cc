// What a bucket says of a canvas's results, joined with itself: what was read can be merged and written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "metadata/metadata_document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace easel;
  const auto value = ParseJson({reinterpret_cast<const char*>(data), size}, "state.json");
  if (!value) return 0;
  const auto document = ReadMetadataDocument(*value, "state.json");
  if (!document) return 0;
  const auto again = ReadMetadataDocument(ToJson(*document), "state.json");
  if (!again || !(*again == *document)) std::abort();
  const auto merged = MergeMetadata({}, *document, *document);
  if (merged && !ReadMetadataDocument(ToJson(*merged), "state.json")) std::abort();
  return 0;
}
