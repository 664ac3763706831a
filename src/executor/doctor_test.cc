#include "executor/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace easel {
namespace {

TEST(Doctor, EveryFindingIsExplained) {
  std::set<std::string> names;
  for (const DoctorFinding& finding : ExamineHost()) {
    EXPECT_TRUE(names.insert(finding.name).second);
    EXPECT_FALSE(finding.detail.empty()) << finding.name;
    EXPECT_EQ(finding.ok, finding.advice.empty()) << finding.name;
  }
  EXPECT_TRUE(names.contains("user_namespaces"));
  EXPECT_TRUE(names.contains("landlock"));
}

}  // namespace
}  // namespace easel
