// The stores without a network, by the suite that all stores pass; and the checksum by Google's and RFC 3720's values.
#include "blob/object_store.h"

#include <gtest/gtest.h>

#include "blob/fake_object_store.h"
#include "blob/local_object_store.h"
#include "blob/object_store_conformance.h"

namespace easel {
namespace {

std::string NewFolder() {
  std::string folder = "/tmp/easel_local_store_XXXXXX";
  EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  return folder;
}

/// A local store whose folder goes with it.
class TemporaryLocalStore {
 public:
  static std::unique_ptr<ObjectStore> Make() {
    static struct Folders {
      std::vector<std::string> all;
      ~Folders() {
        for (const std::string& folder : all) std::filesystem::remove_all(folder);
      }
    } folders;
    folders.all.push_back(NewFolder());
    auto store = OpenLocalObjectStore(folders.all.back());
    EXPECT_TRUE(store);
    return store ? *std::move(store) : nullptr;
  }
};

const SystemClock kClock;

INSTANTIATE_TEST_SUITE_P(
    Stores, ObjectStoreConformance,
    testing::Values(ObjectStoreUnderTest{.name = "Fake",
                                         .make = [] { return std::make_unique<FakeObjectStore>(kClock); }},
                    ObjectStoreUnderTest{.name = "Local",
                                         .make = TemporaryLocalStore::Make,
                                         .checksums = false,
                                         .key_and_folder = false}),
    [](const auto& info) { return info.param.name; });

TEST(Crc32c, TheVectorsOfTheStandardHold) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending += static_cast<char>(i);
  EXPECT_EQ(Crc32c(ascending), 0x46DD794Eu);
}

TEST(Crc32c, PiecesOfAnySizeMakeTheWhole) {
  const std::string bytes = PatternOf(100'003);
  const std::uint32_t whole = Crc32c(bytes);
  for (const std::size_t cut : {0UL, 1UL, 7UL, 8UL, 24'576UL, 50'001UL, 100'003UL}) {
    const std::string_view view = bytes;
    EXPECT_EQ(Crc32c(view.substr(cut), Crc32c(view.substr(0, cut))), whole) << cut;
    EXPECT_EQ(JoinCrc32c(Crc32c(view.substr(0, cut)), Crc32c(view.substr(cut)), bytes.size() - cut), whole)
        << cut;
  }
}

TEST(Crc32c, ItsTextIsGooglesText) {
  EXPECT_EQ(EncodeCrc32c(0xE3069283u), "4waSgw==");
  EXPECT_EQ(EncodeCrc32c(0), "AAAAAA==");
  EXPECT_EQ(*DecodeCrc32c("4waSgw=="), 0xE3069283u);
  for (const char* wrong : {"", "4waSgw=", "4waSgw", "4waSg===", "4waSgx==", "4wa gw=="})
    EXPECT_FALSE(DecodeCrc32c(wrong)) << wrong;
}

TEST(LocalObjectStore, WhatIsNotAnObjectIsNotListed) {
  const std::string folder = NewFolder();
  const auto store = OpenLocalObjectStore(folder);
  ASSERT_TRUE(store);
  std::filesystem::create_symlink("/etc/passwd", folder + "/link");
  EXPECT_TRUE(ListAll(**store, {}, {})->objects.empty());
  EXPECT_EQ((*store)->Get({}, "link", {}).error().code, Code::kNotFound);
  EXPECT_EQ((*store)->Put({}, ".easel-store/lock", "x", {}).error().reason, "KEY_INVALID");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace easel
