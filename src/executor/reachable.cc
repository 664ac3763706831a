#include "executor/reachable.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace easel {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

std::unexpected<Error> Invalid(std::string_view text, const std::string& why) {
  return Fail(Code::kInvalidArgument, "REACH_INVALID",
              "`" + std::string(text) + "` is no host that blocks could reach: " + why +
                  ". Write NAME:PORT, 10.0.0.7:5432 or [2001:db8::7]:443; without a port it is 443");
}

/// An address in the one way that inet_ntop writes it; nullopt for anything else.
std::optional<std::string> Literal(const std::string& host) {
  in6_addr bytes{};
  char text[INET6_ADDRSTRLEN];
  for (const int family : {AF_INET, AF_INET6})
    if (::inet_pton(family, host.c_str(), &bytes) == 1)
      return ::inet_ntop(family, &bytes, text, sizeof text) != nullptr ? std::optional<std::string>(text)
                                                                       : std::nullopt;
  return std::nullopt;
}

/// Letters, digits, `-` and `_` between dots, and a last part that is no number: resolvers read 2852039166 and 0xa9.0xfe.1
/// as addresses.
bool IsName(const std::string& host) {
  if (host.empty() || host.size() > 253 || host.front() == '.' || host.back() == '.') return false;
  std::size_t part = 0;
  for (std::size_t i = 0; i < host.size(); ++i) {
    const char c = host[i];
    if (c == '.') {
      if (i == part) return false;
      part = i + 1;
    } else if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') ||
               i - part >= 63) {
      return false;
    }
  }
  return host[part] < '0' || host[part] > '9';
}

std::string_view WhyNot4(std::uint32_t address) {
  struct Range {
    std::uint32_t first;
    int bits;
    std::string_view why;
  };
  static constexpr Range kRanges[] = {
      {0x00000000, 8, "this machine itself"},   {0x7f000000, 8, "this machine itself"},
      {0xa9fe0000, 16, "a link-local address"}, {0xa83f8110, 32, "a metadata server"},
      {0x646464c8, 32, "a metadata server"},    {0xe0000000, 3, "no single machine"},
  };
  for (const Range& range : kRanges)
    if ((address ^ range.first) >> (32 - range.bits) == 0) return range.why;
  return "";
}

std::uint32_t Word(const Bytes16& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

/// The IPv4 address that an IPv6 one stands for.
std::optional<std::uint32_t> Embedded(const Bytes16& bytes) {
  const bool zeros = std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; });
  if (zeros && bytes[10] == 0xff && bytes[11] == 0xff) return Word(bytes, 12);  // ::ffff:a.b.c.d
  if (zeros && bytes[10] == 0 && bytes[11] == 0) return Word(bytes, 12);        // ::a.b.c.d, :: and ::1
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return Word(bytes, 2);              // 6to4
  if (Word(bytes, 0) == 0x0064ff9b) return Word(bytes, 12);                     // NAT64
  return std::nullopt;
}

std::string_view WhyNot6(const Bytes16& bytes) {
  if (const auto inner = Embedded(bytes)) return WhyNot4(*inner);
  if (bytes[0] == 0xff) return "no single machine";
  if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) return "a link-local address";
  static constexpr Bytes16 kAmazon{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  return bytes == kAmazon ? "a metadata server" : "";
}

/// As 16 bytes, IPv4 mapped, so that one address has one form.
Bytes16 Canonical(const sockaddr* address) {
  Bytes16 out{};
  if (address->sa_family == AF_INET6) {
    std::memcpy(out.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, 16);
  } else {
    out[10] = out[11] = 0xff;
    std::memcpy(out.data() + 12, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
  }
  return out;
}

}  // namespace

Result<Reachable> ParseReachable(std::string_view text) {
  Reachable out;
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return Invalid(text, "`[` is not closed");
    host = text.substr(1, close - 1);
    if (close + 1 < text.size()) {
      if (text[close + 1] != ':') return Invalid(text, "after `]` comes `:PORT`");
      port = text.substr(close + 2);
      if (port.empty()) return Invalid(text, "the port is missing");
    }
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.find(':') != std::string_view::npos) return Invalid(text, "an IPv6 address stands in brackets");
    if (port.empty()) return Invalid(text, "the port is missing");
  }
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc() || end != port.data() + port.size() || out.port == 0)
      return Invalid(text, "a port is a number from 1 to 65535");
  }
  out.host = host;
  for (char& c : out.host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (auto literal = Literal(out.host)) {
    out.host = *std::move(literal);
    out.literal = true;
  } else if (!IsName(out.host)) {
    return Invalid(text, out.host.find('*') != std::string::npos
                             ? "each name is listed by itself, there is no `*`"
                             : "it is neither a name nor an address");
  }
  return out;
}

Result<std::vector<Reachable>> ParseReachables(const std::vector<std::string>& list) {
  std::vector<Reachable> out;
  for (const std::string& text : list) {
    EASEL_TRY(Reachable one, ParseReachable(text));
    if (std::ranges::find(out, one) == out.end()) out.push_back(std::move(one));
  }
  if (out.size() > kMostReachable)
    return Fail(
        Code::kInvalidArgument, "REACH_INVALID",
        std::to_string(out.size()) + " hosts are listed; there may be " + std::to_string(kMostReachable));
  return out;
}

std::string_view WhyNotReached(const sockaddr* address, const std::vector<Address>& own) {
  if (address->sa_family != AF_INET && address->sa_family != AF_INET6) return "no address of the internet";
  const Bytes16 bytes = Canonical(address);
  if (const std::string_view why = WhyNot6(bytes); !why.empty()) return why;
  const auto same = [&](const Address& one) { return Canonical(one.get()) == bytes; };
  return std::ranges::any_of(own, same) ? "this machine itself" : "";
}

std::vector<Address> OwnAddresses() {
  std::vector<Address> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    Address address;
    address.size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&address.storage, one->ifa_addr, address.size);
    out.push_back(address);
  }
  ::freeifaddrs(list);
  return out;
}

}  // namespace easel
