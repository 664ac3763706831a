// Requests as a browser or anybody else sends them: the target, the cookie, the JSON body, a path below `files`. The first
// line is the target, the second a cookie or Content-Range header, the rest the body.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "server/call.h"
#include "server/canvas_files.h"
#include "server/canvas_folders.h"
#include "server/sent_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const std::size_t end = bytes.find('\n');
    const std::string_view out = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    return out;
  };
  const auto target = easel::ParseHttpTarget(line());
  easel::Call call;
  if (target) {
    for (const std::string& segment : target->path)
      if (segment == ".." || segment == "." || segment.find('/') != std::string::npos) std::abort();
    call.request.target = *target;
    if (const auto n = call.QueryNumber("limit", 100, 1, 1000); n && (*n < 1 || *n > 1000)) std::abort();
    const std::string path = target->Query("path").value_or("");
    if (easel::CheckFilePath(path, false))
      for (const std::string& part : easel::Split(path, '/'))
        if (part.empty() || part == ".." || part == "." || part.size() > 255) std::abort();
  }
  const std::string header(line());
  call.request.headers = {
      {"cookie", header}, {"content-range", header}, {"content-type", "application/json"}};
  (void)call.request.Cookie("easel_session");
  call.request.body = bytes;
  if (const auto sent = easel::SentBytesOf(call.request))
    if (sent->first < 0 || sent->first + static_cast<std::int64_t>(bytes.size()) > sent->total) std::abort();
  const auto body = call.Body();
  if (!body) return 0;
  if (!body->is_object()) std::abort();
  easel::JsonReader reader(*body, "body");
  const std::string name = reader.String("name");
  (void)reader.BoolOr("example", false);
  (void)reader.IntOr("days", 90);
  (void)easel::CheckFields(body->get_object(), {"name", "example", "days"});
  const std::string folder = easel::FolderNameFor(name);
  if (folder.empty() || folder.size() > 60 || folder[0] == '.' || folder.find('/') != std::string::npos)
    std::abort();
  return 0;
}
