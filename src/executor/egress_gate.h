// How a block of isolation `strict` reaches the hosts of its allow-list, and nothing else.
//
//   block --connect--> 127.77.0.1:443 in its own network --gate--> pypi.org:443 from this process's network
//
// The worker has a network of its own with nothing in it. Before it becomes the block's user it makes one listening socket
// for each host that is listed, and passes them out; where a connection goes is fixed by the socket that it came to, so
// there is no proxy protocol to be spoken or misread, and every program works that can open a TCP connection. Names are
// looked up here, for every connection, and the address that was checked is the one connected to: a name that has come
// to lead to this machine or to a metadata server is refused, unless that address itself is listed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "executor/reachable.h"

namespace easel {

/// The gate of one attempt: a thread that accepts, and one for each connection. Closes all of them when it goes. May be
/// used from one thread.
class EgressGate {
 public:
  /// Take the listening sockets, in the order of `hosts`, from `worker`, when they come. `refused` is called from other
  /// threads, once for each host that led where it must not, and not after the gate has gone.
  EgressGate(UniqueFd worker, std::vector<Reachable> hosts, std::function<void(const std::string&)> refused);
  ~EgressGate();
  EgressGate(const EgressGate&) = delete;

  struct Shared;

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace easel
