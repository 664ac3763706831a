#include "blob/listing.h"

namespace easel {

Listing PageOf(const std::vector<std::string>& keys, const ListOptions& options,
               const std::function<std::optional<ObjectInfo>(const std::string& key)>& info) {
  Listing out;
  std::string last;
  std::int32_t taken = 0;
  for (const std::string& key : keys) {
    if (!key.starts_with(options.prefix)) continue;
    if (key == options.prefix && key.ends_with('/')) continue;
    const auto slash = key.find('/', options.prefix.size());
    const bool folder = slash != std::string::npos && (options.shallow || key.ends_with('/'));
    if (folder && !options.shallow) continue;
    const std::string shown = folder ? key.substr(0, slash + 1) : key;
    if (shown <= options.page_token || shown == last) continue;
    if (taken == options.page_size) {
      out.next_page_token = last;
      return out;
    }
    if (folder) {
      out.folders.push_back(shown);
    } else if (auto found = info(key)) {
      out.objects.push_back(*std::move(found));
    } else {
      continue;
    }
    last = shown;
    ++taken;
  }
  return out;
}

}  // namespace easel
