// The hosts that a block of isolation `strict` may reach, where the network is not simply on or off, and the addresses that
// no name may lead to.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

/// One line of an allow-list: "pypi.org" (port 443), "db.example.org:5432", "10.0.0.7:5432", "[2001:db8::7]:443".
struct Reachable {
  std::string host;  ///< a name in lower case, or an address as inet_ntop writes it
  std::uint16_t port = 443;
  bool literal = false;  ///< `host` is an address
  auto operator<=>(const Reachable&) const = default;
};

/// Errors: kInvalidArgument REACH_INVALID with what is possible: a name that an address could hide behind is none.
Result<Reachable> ParseReachable(std::string_view text);

/// As many as one block may reach: each takes a socket in its network.
inline constexpr std::size_t kMostReachable = 64;

/// Errors: as ParseReachable; kInvalidArgument REACH_INVALID for too many.
Result<std::vector<Reachable>> ParseReachables(const std::vector<std::string>& list);

/// The address of a socket; the port does not count.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// Why a name must not lead to `address`: loopback, link-local, metadata, unspecified, multicast, and the addresses of this
/// machine, in all their spellings (mapped into IPv6, 6to4, NAT64). Empty: it may. `own` are this machine's.
std::string_view WhyNotReached(const sockaddr* address, const std::vector<Address>& own);

/// The addresses of this machine's interfaces.
std::vector<Address> OwnAddresses();

}  // namespace easel
