// One call on a bucket, for tests that spoil its server and look what is asked: tests/functional/test_object_store.py.
//
//   store_probe gs://BUCKET[/PREFIX] get|put|list|delete|touch [KEY] [FILE] [GENERATION]
//   store_probe crc FILE
// Prints what came as one line of JSON. EASEL_GCP_ENDPOINT_STORAGE and EASEL_GCP_ACCESS_TOKEN say where and who.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/file.h"
#include "blob/crc32c.h"
#include "blob/gcs_object_store.h"
#include "gcp/rest_client.h"

namespace easel {
namespace {

Result<json::object> Shown(const Result<ObjectInfo>& info) {
  if (!info) return std::unexpected(info.error());
  return json::object{{"key", info->key}, {"size", info->size_bytes}, {"generation", info->generation}};
}

Result<json::object> Do(ObjectStore& store, const std::vector<std::string>& words) {
  const std::string &call = words[1], &key = words[2], &file = words[3];
  const std::optional<Generation> generation =
      words[4].empty() ? std::nullopt
                       : std::optional<Generation>(std::strtoll(words[4].c_str(), nullptr, 10));
  if (call == "get") return Shown(store.GetFile({}, key, file));
  if (call == "put") return Shown(store.PutFile({}, key, file, {.if_generation = generation}));
  if (call == "touch") return Shown(store.Touch({}, key));
  if (call == "delete") {
    EASEL_RETURN_IF_ERROR(store.Delete({}, {.key = key, .if_generation = generation}));
    return json::object{};
  }
  EASEL_TRY(const Listing listing, ListAll(store, {}, {.prefix = key}));
  json::object out;
  for (const ObjectInfo& info : listing.objects) out[info.key] = info.size_bytes;
  return out;
}

Result<json::object> Run(std::vector<std::string> words) {
  words.resize(5);
  SystemClock clock;
  SystemSleeper sleeper;
  EASEL_TRY(const auto http, MakeHttpClient());
  EASEL_TRY(gcp::Endpoints endpoints, gcp::Endpoints::From({}, gcp::ProcessEnvironment()));
  const char* token = std::getenv("EASEL_GCP_ACCESS_TOKEN");
  gcp::RestClient rest(
      *http, gcp::GivenTokenSource::FromText(token == nullptr ? "" : token, "EASEL_GCP_ACCESS_TOKEN"),
      std::move(endpoints), clock, sleeper,
      {.retry = {.first = std::chrono::milliseconds(2),
                 .longest = std::chrono::milliseconds(20),
                 .deadline = std::chrono::seconds(60)}});
  EASEL_TRY(GcsPlace place, ParseGcsUrl(words[0]));
  const auto store = MakeGcsObjectStore(rest, std::move(place));
  return Do(*store, words);
}

}  // namespace
}  // namespace easel

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "crc") {
    const auto bytes = easel::ReadFile(argv[2], SIZE_MAX);
    if (bytes) std::puts(easel::EncodeCrc32c(easel::Crc32c(*bytes)).c_str());
    return bytes ? 0 : 1;
  }
  const auto done = easel::Run({argv + 1, argv + argc});
  const easel::json::object shown =
      done ? *done : easel::json::object{{"error", done.error().reason}, {"message", done.error().message}};
  std::puts(easel::json::serialize(shown).c_str());
  return done ? 0 : 1;
}
