#include "cli/store_words.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "store/open_store.h"

namespace easel {
namespace {

std::string Counted(std::int64_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace

Result<std::shared_ptr<CanvasStore>> StoreOf(const Invocation& invocation, const std::string& canvas_root,
                                             bool remembered, const CallContext& context) {
  std::string address = invocation.Value("store");
  const std::string path = canvas_root + "/.easel/store.json";
  if (address.empty() && remembered)
    if (const auto text = ReadFile(path))
      if (const auto value = ParseJson(*text, path)) address = JsonReader(*value, path).StringOr("store", "");
  if (address.empty()) return nullptr;
  EASEL_TRY(auto store,
            OpenObjectStore(address, {.access_token_file = invocation.Value("access-token-file")}, context));
  return std::make_shared<CanvasStore>(std::move(store), canvas_root);
}

std::string MovedWords(const Moved& moved) {
  return Counted(moved.attempts, "attempt") + ", " + Counted(moved.objects, "object") +
         (moved.bytes > 0 ? " (" + HumanBytes(moved.bytes) + ")" : "");
}

}  // namespace easel
