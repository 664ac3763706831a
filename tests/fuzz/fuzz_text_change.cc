// Updates of texts: any bytes are refused, or make valid UTF-8 of a text; mapped over another change they still fit.
#include <cstdint>
#include <cstdlib>

#include "canvas/utf8.h"
#include "hub/text_change.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string kText = "x = 1\n# \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\n\nprint(x)\n";
  static const std::string kOther = "y = 2\nx = 1\n# \xF0\x9F\x98\x80\nprint(x)\n";
  const auto parsed = easel::ParseJson({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!parsed) return 0;
  const auto change = easel::TextChange::FromJson(*parsed);
  if (!change) return 0;
  const auto after = change->Apply(kText);
  if (!after) return 0;
  if (easel::FindInvalidUtf8(*after) || easel::Utf16Length(*after) != change->new_units()) std::abort();
  const auto again = easel::TextChange::FromJson(change->ToJson());
  if (!again || *again->Apply(kText) != *after) std::abort();
  if (*easel::TextChange::Between(kText, *after).Apply(kText) != *after) std::abort();
  const auto merged = change->MappedOver(easel::TextChange::Between(kText, kOther)).Apply(kOther);
  if (merged && easel::FindInvalidUtf8(*merged)) std::abort();
  return 0;
}
