#include "executor/control_group.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "executor/group_tree.h"

namespace easel {
namespace {

using testing::TempDir;

/// A double of /proc and /sys/fs/cgroup: plain files, so that what is written can be read. What the kernel does with it is
/// not tried here.
class Machine {
 public:
  explicit Machine(const std::string& name)
      : root(TempDir() + "groups-" + name + "-" + std::to_string(::getpid())) {
    std::filesystem::remove_all(root);
  }
  ~Machine() { std::filesystem::remove_all(root); }

  void Write(const std::string& path, const std::string& text) const {
    EASEL_CHECK(MakeDirectories(ParentOf(root + path)));
    EASEL_CHECK(WriteFileAtomically(root + path, text));
  }
  std::string Read(const std::string& path) const { return ReadControl(root + path); }
  /// With all three controllers, at `folder` below the mount; `own`: what the kernel says of this process.
  void Unified(const std::string& own, const std::string& folder) const {
    Write("/proc/self/cgroup", "0::" + own + "\n");
    Write("/proc/self/mountinfo",
          "23 1 0:1 / / rw - ext4 /dev/vda rw\n31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup "
          "rw,nsdelegate\n");
    Write(folder + "/cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
    Write(folder + "/cgroup.subtree_control", "");
    Write(folder + "/cgroup.procs", "");
  }
  void Delegate(const std::string& folder) const {
    if (::setxattr((root + folder).c_str(), "user.delegate", "1", 1, 0) != 0) no_attributes = true;
  }

  const std::string root;
  mutable bool no_attributes = false;
};

TEST(ControlGroup, AGroupThatNobodyDelegatedIsLeftAlone) {
  const Machine machine("undelegated");
  machine.Unified("/user.slice/session-3.scope", "/sys/fs/cgroup/user.slice/session-3.scope");
  const GroupTree tree = GroupTree::Find(machine.root, /*prepare=*/true);
  EXPECT_EQ(tree.missing(), (std::vector<std::string>{"cgroup_memory", "cgroup_pids", "cgroup_cpu"}));
  EXPECT_NE(tree.advice().find("was not delegated"), std::string::npos) << tree.advice();
  EXPECT_NE(tree.advice().find("Delegate=yes"), std::string::npos);
  EXPECT_EQ(machine.Read("/sys/fs/cgroup/user.slice/session-3.scope/cgroup.subtree_control"), "");
  const auto made = tree.Make("w1");
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(*made, nullptr);
}

TEST(ControlGroup, ADelegatedGroupIsDividedAndABlockGetsItsLimits) {
  const Machine machine("delegated");
  const std::string service = "/sys/fs/cgroup/system.slice/easel.service";
  machine.Unified("/system.slice/easel.service", service);
  machine.Delegate(service);
  if (machine.no_attributes) GTEST_SKIP() << "this file system has no attributes of users";
  const GroupTree looked = GroupTree::Find(machine.root, /*prepare=*/false);
  EXPECT_TRUE(looked.missing().empty());
  EXPECT_EQ(machine.Read(service + "/cgroup.subtree_control"), "") << "looking changes nothing";
  const GroupTree tree = GroupTree::Find(machine.root, /*prepare=*/true);
  EXPECT_TRUE(tree.missing().empty()) << tree.advice();
  EXPECT_TRUE(machine.Read(service + "/cgroup.subtree_control").starts_with("+cpu"))
      << "the last of the writes";

  const std::string group = service + "/easel-w1";
  for (const char* name : {"memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cpu.max",
                           "cpu.weight", "cgroup.procs", "memory.events"})
    machine.Write(group + "/" + name, "");
  const auto made = tree.Make("w1");
  ASSERT_TRUE(made.has_value() && *made != nullptr);
  ASSERT_TRUE((*made)->Add(::getpid()).has_value());
  EXPECT_EQ(machine.Read(group + "/cgroup.procs"), std::to_string(::getpid()));
  ASSERT_TRUE((*made)->Limit({.memory_bytes = 123456789, .processes = 77, .cpu = 1.5}).has_value());
  EXPECT_EQ(machine.Read(group + "/memory.max"), "123456789");
  EXPECT_EQ(machine.Read(group + "/memory.swap.max"), "0");
  EXPECT_EQ(machine.Read(group + "/memory.oom.group"), "1");
  EXPECT_EQ(machine.Read(group + "/pids.max"), "77");
  EXPECT_EQ(machine.Read(group + "/cpu.max"), "150000 100000");
  EXPECT_EQ(machine.Read(group + "/cpu.weight"), "100");
  EXPECT_EQ((*made)->OomKills(), 0);
  machine.Write(group + "/memory.events", "low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 1\n");
  EXPECT_EQ((*made)->OomKills(), 2);
}

TEST(ControlGroup, ASubgroupThatTheServiceWasStartedInIsDividedBesideIt) {
  const Machine machine("subgroup");
  const std::string service = "/sys/fs/cgroup/system.slice/easel.service";
  machine.Unified("/system.slice/easel.service/main", service);
  machine.Write(service + "/main/cgroup.procs", "");
  machine.Delegate(service);
  if (machine.no_attributes) GTEST_SKIP() << "this file system has no attributes of users";
  const GroupTree tree = GroupTree::Find(machine.root, /*prepare=*/true);
  EXPECT_TRUE(tree.missing().empty()) << tree.advice();
  EXPECT_EQ(tree.places()[0].folder, machine.root + service);
}

TEST(ControlGroup, AContainersOwnRootIsDivided) {
  const Machine machine("container");
  machine.Unified("/", "/sys/fs/cgroup");
  const GroupTree tree = GroupTree::Find(machine.root, /*prepare=*/true);
  EXPECT_TRUE(tree.missing().empty()) << tree.advice();
  EXPECT_EQ(tree.places()[0].folder, machine.root + "/sys/fs/cgroup");
}

TEST(ControlGroup, AControllerThatIsNotThereIsNamed) {
  const Machine machine("partial");
  machine.Unified("/", "/sys/fs/cgroup");
  machine.Write("/sys/fs/cgroup/cgroup.controllers", "cpu pids\n");
  EXPECT_EQ(GroupTree::Find(machine.root, true).missing(), std::vector<std::string>{"cgroup_memory"});
}

TEST(ControlGroup, TheFirstVersionIsUsedWhereTheSecondHasNoControllers) {
  const Machine machine("first");
  machine.Write("/proc/self/cgroup", "4:memory:/box/7\n3:cpu,cpuacct:/\n2:pids:/\n0::/\n");
  machine.Write("/proc/self/mountinfo",
                "32 31 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n33 31 0:30 / /cg/pids rw - cgroup "
                "cgroup rw,pids\n"
                "34 31 0:31 /box /cg/memory rw - cgroup cgroup rw,memory\n35 31 0:32 / /cg/unified rw - "
                "cgroup2 cgroup2 rw\n");
  machine.Write("/cg/unified/cgroup.controllers", "hugetlb\n");
  machine.Write("/cg/unified/cgroup.subtree_control", "");
  for (const char* folder : {"/cg/cpu/easel-w1", "/cg/pids/easel-w1", "/cg/memory/7/easel-w1"})
    for (const char* name :
         {"memory.limit_in_bytes", "pids.max", "cpu.shares", "cpu.cfs_quota_us", "cgroup.procs"})
      machine.Write(std::string(folder) + "/" + name, "");
  const GroupTree tree = GroupTree::Find(machine.root, /*prepare=*/true);
  ASSERT_TRUE(tree.missing().empty()) << tree.advice();
  EXPECT_EQ(tree.places()[0].version, 1);
  EXPECT_EQ(tree.places()[0].folder, machine.root + "/cg/memory/7")
      << "seen through the mount of a part of it";
  const auto made = tree.Make("w1");
  ASSERT_TRUE(made.has_value() && *made != nullptr);
  ASSERT_TRUE((*made)->Limit({.memory_bytes = 1 << 20, .processes = 9, .cpu = 0.5}).has_value());
  EXPECT_EQ(machine.Read("/cg/memory/7/easel-w1/memory.limit_in_bytes"), "1048576");
  EXPECT_EQ(machine.Read("/cg/pids/easel-w1/pids.max"), "9");
  EXPECT_EQ(machine.Read("/cg/cpu/easel-w1/cpu.cfs_quota_us"), "50000");
}

TEST(ControlGroup, ALimitThatIsRefusedIsAnErrorThatNamesTheFile) {
  const Machine machine("refused");
  machine.Unified("/", "/sys/fs/cgroup");
  const GroupTree tree = GroupTree::Find(machine.root, true);
  const auto made = tree.Make("w1");
  ASSERT_TRUE(made.has_value() && *made != nullptr);
  const Status limited = (*made)->Limit({.memory_bytes = 1});  // the double makes no files by itself
  ASSERT_FALSE(limited.has_value());
  EXPECT_NE(limited.error().message.find("memory.max"), std::string::npos) << limited.error().message;
}

/// The kernel's own, where this machine has any for us.
TEST(ControlGroup, TheKernelEndsWhatNeedsMoreMemoryThanItsGroupMay) {
  const GroupTree tree = GroupTree::Find("", /*prepare=*/false);
  if (::geteuid() != 0 || !tree.missing().empty()) GTEST_SKIP() << "no groups here: " << tree.advice();
  if (tree.places()[0].version == 2) GTEST_SKIP() << "dividing version 2 would move this test's own parents";
  const std::string name = "test-" + std::to_string(::getpid());
  int gate[2];
  ASSERT_EQ(::pipe(gate), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    char go;
    if (::read(gate[0], &go, 1) != 1) ::_exit(1);
    constexpr std::size_t kMuch = std::size_t{256} << 20;
    char* much = static_cast<char*>(::malloc(kMuch));
    for (std::size_t i = 0; i < kMuch; i += 4096) const_cast<volatile char*>(much)[i] = 1;
    ::_exit(0);
  }
  auto made = tree.Make(name);
  ASSERT_TRUE(made.has_value() && *made != nullptr);
  ASSERT_TRUE((*made)->Add(child).has_value());
  ASSERT_TRUE((*made)->Limit({.memory_bytes = 64 << 20, .processes = 100}).has_value());
  ASSERT_EQ(::write(gate[1], "+", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  EXPECT_GT((*made)->OomKills(), 0);
  made->reset();
  while (tree.Sweep(name) > 0) ::usleep(1000);
}

}  // namespace
}  // namespace easel
