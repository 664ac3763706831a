#include "state/object.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "state/test_vectors.h"

namespace easel {
namespace {

TEST(ObjectFile, VectorsAreReadOrRefused) {
  for (const Vector& vector : ReadVectors("object")) {
    const std::string digest(vector.document.at("sha256").get_string());
    for (const json::value& item : vector.document.at("components").get_array()) {
      const json::object& component = item.get_object();
      const auto head = ReadComponentHead(vector.bytes_path, component.at("offset").to_number<std::int64_t>(),
                                          component.at("length").to_number<std::int64_t>());
      if (const json::value* error = component.if_contains("error")) {
        ASSERT_FALSE(head) << vector.name;
        EXPECT_EQ(head.error().reason, "OBJECT_DAMAGED");
        EXPECT_TRUE(head.error().message.starts_with(vector.bytes_path));
        EXPECT_NE(head.error().message.find(error->get_string().c_str()), std::string::npos)
            << head.error().message;
      } else {
        ASSERT_TRUE(head) << vector.name << ": " << head.error().message;
        EXPECT_EQ(head->codec, "pickle5");
        EXPECT_EQ(json::value(json::array(head->members.begin(), head->members.end())),
                  component.at("members"));
        EXPECT_EQ(static_cast<std::int64_t>(head->buffers.size()), component.at("buffers").get_int64());
        EXPECT_TRUE(VerifyObject(vector.bytes_path, digest));
      }
    }
  }
}

TEST(VerifyObject, AnotherContentIsNamedByFile) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/o";
  ASSERT_TRUE(WriteFileAtomically(path, ObjectFileHeader() + "x"));
  EXPECT_TRUE(VerifyObject(path, DigestOf(ObjectFileHeader() + "x")));
  const Status other = VerifyObject(path, DigestOf("y"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().reason, "OBJECT_DAMAGED");
  EXPECT_TRUE(other.error().message.starts_with(path));
  EXPECT_EQ(VerifyObject(path + ".gone", "").error().code, Code::kNotFound);
  EXPECT_EQ(VerifyObject(folder.path(), "").error().reason, "OBJECT_DAMAGED");
}

}  // namespace
}  // namespace easel
