#include "executor/reachable.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

namespace easel {
namespace {

std::string_view Why(const std::string& text, const std::vector<std::string>& own = {}) {
  const auto address = [](const std::string& one) {
    Address out;
    if (one.find(':') != std::string::npos) {
      auto* six = reinterpret_cast<sockaddr_in6*>(&out.storage);
      six->sin6_family = AF_INET6;
      EXPECT_EQ(::inet_pton(AF_INET6, one.c_str(), &six->sin6_addr), 1) << one;
    } else {
      auto* four = reinterpret_cast<sockaddr_in*>(&out.storage);
      four->sin_family = AF_INET;
      EXPECT_EQ(::inet_pton(AF_INET, one.c_str(), &four->sin_addr), 1) << one;
    }
    return out;
  };
  std::vector<Address> machine;
  for (const std::string& one : own) machine.push_back(address(one));
  return WhyNotReached(address(text).get(), machine);
}

TEST(Reachable, ALineIsANameOrAnAddressWithAPort) {
  EXPECT_EQ(*ParseReachable("pypi.org"), (Reachable{"pypi.org", 443, false}));
  EXPECT_EQ(*ParseReachable("DB.Example.org:5432"), (Reachable{"db.example.org", 5432, false}));
  EXPECT_EQ(*ParseReachable("10.0.0.7:5432"), (Reachable{"10.0.0.7", 5432, true}));
  EXPECT_EQ(*ParseReachable("[2001:DB8:0::7]:443"), (Reachable{"2001:db8::7", 443, true}));
  EXPECT_EQ(*ParseReachable("xn--mnchen-3ya.de"), (Reachable{"xn--mnchen-3ya.de", 443, false}));
}

TEST(Reachable, WhatAnAddressCouldHideBehindIsNoName) {
  for (const char* text : {"",
                           ":443",
                           "2852039166:80",
                           "0xa9fea9fe",
                           "0251.0376.0251.0376",
                           "169.254.43518",
                           "127.1",
                           "a..b",
                           ".a",
                           "a.",
                           "a b",
                           "a/b",
                           "a@b",
                           "http://a",
                           "*.example.org",
                           "a:0",
                           "a:65536",
                           "a:http",
                           "a:",
                           "::1",
                           "[::1",
                           "[::1]443",
                           "[::1]:",
                           "ex\nample.org",
                           "münchen.de"})
    EXPECT_FALSE(ParseReachable(text).has_value()) << text;
  EXPECT_FALSE(ParseReachable(std::string(254, 'a')).has_value());
}

TEST(Reachable, AListHasEachHostOnceAndNotTooMany) {
  EXPECT_EQ(ParseReachables({"a", "A:443", "b"})->size(), 2U);
  std::vector<std::string> many;
  for (int i = 0; i < 65; ++i) many.push_back("h" + std::to_string(i));
  EXPECT_FALSE(ParseReachables(many).has_value());
}

TEST(Reachable, NoNameLeadsToThisMachineInAnySpelling) {
  for (const char* text : {"127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "::1", "::", "::ffff:127.0.0.1",
                           "::ffff:0.0.0.0", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1"})
    EXPECT_EQ(Why(text), "this machine itself") << text;
}

TEST(Reachable, NoNameLeadsToAMetadataServerOrALinkLocalAddress) {
  for (const char* text : {"169.254.169.254", "169.254.0.1", "fe80::1", "febf::1", "::ffff:169.254.169.254",
                           "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "168.63.129.16",
                           "100.100.100.200", "224.0.0.1", "255.255.255.255", "ff02::1"})
    EXPECT_NE(Why(text), "") << text;
}

TEST(Reachable, NoNameLeadsToAnAddressOfThisMachine) {
  EXPECT_EQ(Why("192.0.2.7", {"192.0.2.7"}), "this machine itself");
  EXPECT_EQ(Why("::ffff:192.0.2.7", {"192.0.2.7"}), "this machine itself");
  EXPECT_EQ(Why("2001:db8::7", {"192.0.2.7", "2001:db8::7"}), "this machine itself");
  EXPECT_FALSE(OwnAddresses().empty());
}

TEST(Reachable, OtherAddressesAreFine) {
  for (const char* text :
       {"8.8.8.8", "10.0.0.7", "192.168.1.1", "126.255.255.255", "128.0.0.1", "169.253.255.255",
        "169.255.0.0", "223.255.255.255", "2001:db8::1", "fd12::1", "fec0::1"})
    EXPECT_EQ(Why(text, {"192.0.2.7"}), "") << text;
}

}  // namespace
}  // namespace easel
