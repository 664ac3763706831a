#include "cli/store_words.h"

#include <cctype>
#include <cstdlib>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "store/open_store.h"

namespace easel {
namespace {

/// The flag `name`, or the variable that `easel serve` has for the setting of that name.
std::string FlagOrVariable(const Invocation& invocation, const std::string& name) {
  if (invocation.Has(name)) return invocation.Value(name);
  std::string variable = "EASEL_";
  for (const char c : name) variable += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  const char* value = std::getenv(variable.c_str());
  return value == nullptr ? "" : value;
}

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
  if (address.empty()) {
    for (const char* flag : {"access-token-file", "gcp-impersonate", "gcp-endpoints"})
      if (!remembered && invocation.Has(flag))
        return Fail(Code::kInvalidArgument, "USAGE",
                    std::string("--") + flag + " is about a bucket: name it by --store gs://BUCKET");
    return nullptr;
  }
  const StoreOptions google{.access_token_file = invocation.Value("access-token-file"),
                            .endpoints = FlagOrVariable(invocation, "gcp-endpoints"),
                            .impersonate = FlagOrVariable(invocation, "gcp-impersonate")};
  EASEL_TRY(auto store, OpenObjectStore(address, google, context));
  return std::make_shared<CanvasStore>(std::move(store), canvas_root);
}

std::string MovedWords(const Moved& moved) {
  return Counted(moved.attempts, "attempt") + ", " + Counted(moved.objects, "object") +
         (moved.bytes > 0 ? " (" + HumanBytes(moved.bytes) + ")" : "");
}

}  // namespace easel
