#include "environment/lock.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace easel {
namespace {

constexpr std::string_view kLock =
    "# easel lock: python=3.11 platform=x86_64-manylinux_2_28 spec=abc\n"
    "# a comment\n"
    "numpy==2.4.6 \\\n    --hash=sha256:bb \\\n    --hash=sha256:aa\n    # via pandas\n"
    "Scikit_Learn==1.9.1 ; python_version >= '3.11' \\\n    --hash=sha256:cc\n";

TEST(Lock, ReadsNamesVersionsAndHeader) {
  const auto lock = ParseLock(kLock, "x.lock");
  ASSERT_TRUE(lock) << lock.error().message;
  EXPECT_EQ(lock->python_minor, "3.11");
  EXPECT_EQ(lock->platform, "x86_64-manylinux_2_28");
  EXPECT_EQ(lock->spec_digest, "abc");
  ASSERT_EQ(lock->packages.size(), 2u);
  EXPECT_EQ(lock->packages[0].line, "numpy==2.4.6 --hash=sha256:aa --hash=sha256:bb");
  EXPECT_EQ(lock->packages[1].name, "scikit-learn");
  EXPECT_EQ(lock->packages[1].version, "1.9.1");
}

TEST(Lock, DigestIgnoresCommentsOrderAndLayout) {
  const auto lock = ParseLock(kLock, "x");
  const auto again = ParseLock(
      "Scikit_Learn==1.9.1 ; python_version >= '3.11' --hash=sha256:cc\n\n"
      "numpy==2.4.6 --hash=sha256:aa --hash=sha256:bb",
      "x");
  ASSERT_TRUE(lock && again);
  EXPECT_EQ(EnvironmentDigest(*lock, "3.11", "linux-x86_64"),
            EnvironmentDigest(*again, "3.11", "linux-x86_64"));
}

TEST(Lock, DigestChangesWithVersionHashPythonAndPlatform) {
  const auto lock = ParseLock("a==1 --hash=sha256:aa\n", "x");
  const std::string digest = EnvironmentDigest(*lock, "3.11", "linux-x86_64");
  EXPECT_NE(digest, EnvironmentDigest(*ParseLock("a==2 --hash=sha256:aa\n", "x"), "3.11", "linux-x86_64"));
  EXPECT_NE(digest, EnvironmentDigest(*ParseLock("a==1 --hash=sha256:ab\n", "x"), "3.11", "linux-x86_64"));
  EXPECT_NE(digest, EnvironmentDigest(*lock, "3.12", "linux-x86_64"));
  EXPECT_NE(digest, EnvironmentDigest(*lock, "3.11", "linux-aarch64"));
}

TEST(Lock, PackageWithoutVersionOrHashIsRefusedWithItsLine) {
  const auto loose = ParseLock("# x\n\nnumpy>=2 --hash=sha256:aa\n", "my.lock");
  ASSERT_FALSE(loose);
  EXPECT_NE(loose.error().message.find("my.lock:3: `numpy>=2`"), std::string::npos) << loose.error().message;
  const auto unhashed = ParseLock("numpy==2\n", "my.lock");
  ASSERT_FALSE(unhashed);
  EXPECT_NE(unhashed.error().message.find("no --hash"), std::string::npos);
}

TEST(Lock, HeaderIsReadBack) {
  const Lock lock{.python_minor = "3.12", .platform = "p", .spec_digest = "d", .packages = {}};
  const auto again = ParseLock(LockHeader(lock), "x");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->python_minor + again->platform + again->spec_digest, "3.12pd");
}

TEST(Lock, TruncatedAnywhereIsReadOrRefusedButNeverCrashes) {
  for (std::size_t size = 0; size < kLock.size(); ++size) (void)ParseLock(kLock.substr(0, size), "x");
}

class SpecDigestOf : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/easel_spec_XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  void TearDown() override { (void)!std::system(("rm -rf " + folder_).c_str()); }
  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/" + name, text));
  }
  std::string folder_;
};

TEST_F(SpecDigestOf, IncludedFilesCount) {
  Write("requirements.txt", "pandas\n-r more.txt\n--constraint=limits.txt  # ours\n");
  Write("more.txt", "numpy\n");
  Write("limits.txt", "numpy<3\n");
  const auto before = SpecDigest(folder_ + "/requirements.txt");
  ASSERT_TRUE(before) << before.error().message;
  Write("limits.txt", "numpy<2\n");
  const auto after = SpecDigest(folder_ + "/requirements.txt");
  ASSERT_TRUE(after);
  EXPECT_NE(*before, *after);
}

TEST_F(SpecDigestOf, CircleOfIncludesIsRefused) {
  Write("a.txt", "-r b.txt\n");
  Write("b.txt", "-r a.txt\n");
  const auto digest = SpecDigest(folder_ + "/a.txt");
  ASSERT_FALSE(digest);
  EXPECT_EQ(digest.error().reason, "REQUIREMENTS_TOO_DEEP");
}

TEST_F(SpecDigestOf, MissingIncludeNamesTheFile) {
  Write("a.txt", "-r gone.txt\n");
  const auto digest = SpecDigest(folder_ + "/a.txt");
  ASSERT_FALSE(digest);
  EXPECT_NE(digest.error().message.find("gone.txt"), std::string::npos);
}

}  // namespace
}  // namespace easel
