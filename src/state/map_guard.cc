#include "state/map_guard.h"

#include <signal.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <utility>

namespace easel {
namespace {

constexpr std::uintptr_t kGuardPage = 4096;

/// `begin` is written last and cleared first: who sees it sees the rest. 0: free; 1: being filled.
struct Slot {
  std::atomic<std::uintptr_t> begin = 0, end = 0;
  std::atomic<bool> cut = false;
};
std::array<Slot, 4096> slots;
struct sigaction before;

/// On the thread that read. Only what a signal may do: loads, stores and one system call.
void OnBus(int number, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  if (info->si_code == BUS_ADRERR)
    for (Slot& slot : slots) {
      const std::uintptr_t begin = slot.begin.load(std::memory_order_acquire);
      if (begin <= 1 || address < begin || address >= slot.end.load(std::memory_order_relaxed)) continue;
      void* page = reinterpret_cast<void*>(address / kGuardPage * kGuardPage);
      if (::mmap(page, kGuardPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        break;
      slot.cut.store(true, std::memory_order_release);
      return;
    }
  // Not ours: whoever was asked before, or the end.
  if ((before.sa_flags & SA_SIGINFO) != 0 && before.sa_sigaction != nullptr)
    return before.sa_sigaction(number, info, context);
  ::signal(SIGBUS, SIG_DFL);  // the read happens again, and ends the process
}

void InstallHandler() {
  struct sigaction action{};
  action.sa_sigaction = OnBus;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, &before);
}

}  // namespace

MapGuard::MapGuard(const void* address, std::size_t bytes) {
  static const bool installed = (InstallHandler(), true);
  (void)installed;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    std::uintptr_t nobody = 0;
    if (!slots[i].begin.compare_exchange_strong(nobody, 1)) continue;
    const auto begin = reinterpret_cast<std::uintptr_t>(address);
    slots[i].cut = false;
    slots[i].end.store(begin + bytes, std::memory_order_relaxed);
    slots[i].begin.store(begin, std::memory_order_release);
    slot_ = static_cast<int>(i);
    return;
  }
}

MapGuard::MapGuard(MapGuard&& other) noexcept : slot_(std::exchange(other.slot_, -1)) {}

MapGuard& MapGuard::operator=(MapGuard&& other) noexcept {
  std::swap(slot_, other.slot_);
  return *this;
}

MapGuard::~MapGuard() {
  if (slot_ >= 0) slots[static_cast<std::size_t>(slot_)].begin.store(0, std::memory_order_release);
}

bool MapGuard::cut() const {
  return slot_ >= 0 && slots[static_cast<std::size_t>(slot_)].cut.load(std::memory_order_acquire);
}

}  // namespace easel
