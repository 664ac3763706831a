// The text of a store's state.json.
#include "base/json.h"
#include "store/canvas_store.h"

namespace easel {
namespace {
constexpr std::int64_t kStoreFormat = 1;
}

Result<StoredState> ReadStoredState(std::string_view text, const std::string& where) {
  EASEL_TRY(const json::value value, ParseJson(text, where));
  JsonReader reader(value, where);
  StoredState out;
  const std::int64_t format = reader.Int("easel_store");
  EASEL_RETURN_IF_ERROR(reader.status());
  if (format > kStoreFormat)
    return Fail(Code::kFailedPrecondition, "STORE_NEWER",
                where + ": was written by a newer Easel (format " + std::to_string(format) +
                    ", this one knows " + std::to_string(kStoreFormat) + "); use that version");
  out.canvas = reader.String("canvas");
  out.name = reader.StringOr("name", "");
  EASEL_RETURN_IF_ERROR(reader.status());
  EASEL_TRY(out.document, ReadMetadataDocument(value, where));
  return out;
}

std::string WriteStoredState(const StoredState& state) {
  json::object out{{"easel_store", kStoreFormat}, {"canvas", state.canvas}, {"name", state.name}};
  for (auto& [key, value] : ToJson(state.document)) out[key] = value;
  return json::serialize(out);
}

}  // namespace easel
