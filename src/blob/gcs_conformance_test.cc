// The suite of all stores on a bucket of somebody's server: tests/functional/test_object_store.py starts one and runs this program.
//
// EASEL_GCP_ENDPOINT_STORAGE says where; EASEL_GCP_ACCESS_TOKEN who; EASEL_TEST_BUCKET a bucket; EASEL_TEST_DEVIATIONS what that
// server does otherwise. Without a bucket all is skipped.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/ids.h"
#include "blob/gcs_object_store.h"
#include "blob/object_store_conformance.h"
#include "gcp/rest_client.h"

namespace easel {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// What a store borrows, in one place with it.
class WholeStore {
 public:
  static std::unique_ptr<ObjectStore> Make() {
    if (Variable("EASEL_TEST_BUCKET").empty()) return nullptr;
    static const auto http = MakeHttpClient();
    static SystemClock clock;
    static SystemSleeper sleeper;
    static const auto endpoints = gcp::Endpoints::From({}, gcp::ProcessEnvironment());
    static const std::shared_ptr<gcp::TokenSource> tokens =
        gcp::GivenTokenSource::FromText(Variable("EASEL_GCP_ACCESS_TOKEN"), "EASEL_GCP_ACCESS_TOKEN");
    static gcp::RestClient rest(**http, tokens, *endpoints, clock, sleeper,
                                {.retry = {.first = std::chrono::milliseconds(5),
                                           .longest = std::chrono::milliseconds(50),
                                           .deadline = std::chrono::milliseconds(20'000)}});
    return MakeGcsObjectStore(
        rest, {.bucket = Variable("EASEL_TEST_BUCKET"), .prefix = "run-" + RandomBase32(10) + "/"},
        {.multipart_bytes = 1 << 20, .piece_bytes = 4 << 20, .threads = 4});
  }
};

bool Deviates(const char* how) {
  return (" " + Variable("EASEL_TEST_DEVIATIONS") + " ").find(" " + std::string(how) + " ") !=
         std::string::npos;
}

INSTANTIATE_TEST_SUITE_P(Bucket, ObjectStoreConformance,
                         testing::Values(ObjectStoreUnderTest{
                             .name = "Gcs",
                             .make = WholeStore::Make,
                             .folders = !Deviates("folders"),
                             .touches = !Deviates("touches"),
                             .delete_conditions = !Deviates("delete_conditions"),
                             .large_bytes = (std::size_t{9} << 20) + 12345}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace easel
