// What a server says of objects: resources, headers and the answers of a batch. The first byte chooses.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "blob/gcs_wire.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace easel;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const GcsPlace place{.bucket = "acme", .prefix = "p/"};
  switch (data[0] % 3) {
    case 0:
      if (const auto value = ParseJson(text, "answer")) (void)ReadObjectResource(*value, place);
      break;
    case 1:
      (void)ReadUploadRange(text);
      if (const auto range = ReadContentRange(text))
        if (range->first < 0 || range->last < range->first || range->last >= range->size) std::abort();
      if (ReadXmlErrorCode(text).find_first_of("<> \n") != std::string::npos) std::abort();
      (void)ReadHashHeader(text);
      (void)ReadRfc3339(text);
      (void)ParseGcsUrl(text);
      break;
    default: {
      const auto line = text.find('\n');
      (void)ReadBatch(text.substr(0, line), line == std::string_view::npos ? "" : text.substr(line + 1));
    }
  }
  return 0;
}
