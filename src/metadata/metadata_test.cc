// The conformance suite on both stores.

#include <stdlib.h>

#include <filesystem>

#include "metadata/metadata_conformance.h"

namespace easel {
namespace {

/// A SQLite store in a folder of its own that goes with it.
std::unique_ptr<MetadataStore> MakeSqlite() {
  static std::vector<std::shared_ptr<const std::string>> folders;
  char name[] = "/tmp/easel_metadata_test.XXXXXX";
  folders.emplace_back(new std::string(::mkdtemp(name)), [](const std::string* folder) {
    std::filesystem::remove_all(*folder);
    delete folder;
  });
  auto store = OpenSqliteMetadata(*folders.back() + "/metadata.db");
  EXPECT_TRUE(store) << store.error().message;
  return std::move(*store);
}

INSTANTIATE_TEST_SUITE_P(Stores, MetadataConformance,
                         testing::Values(MetadataUnderTest{.name = "sqlite", .make = MakeSqlite},
                                         MetadataUnderTest{
                                             .name = "fake", .make = MakeFakeMetadata, .own_thread = false}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace easel
