#include "pool.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "dispatch.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(_WIN32)
#include <malloc.h>
#endif

namespace cello {
namespace {

constexpr size_t kHugePage = 2 << 20;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Numbers too small for a normal float are zero while it lives, on every thread alike: results do not
// depend on who takes a piece, and some processors are a hundred times slower with such numbers.
class FlushSmall {
 public:
#if defined(__x86_64__)
  FlushSmall() : before_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(before_ | 0x8040); }
  ~FlushSmall() { __builtin_ia32_ldmxcsr(before_); }

 private:
  const unsigned before_;
#elif defined(__aarch64__)
  FlushSmall() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(before_));
    __asm__ volatile("msr fpcr, %0" : : "r"(before_ | 1ull << 24));
  }
  ~FlushSmall() { __asm__ volatile("msr fpcr, %0" : : "r"(before_)); }

 private:
  unsigned long long before_;
#endif
};

// Some work in pieces; whoever holds it may outlive the caller, who keeps `data`, so a piece is only
// worked on after it was claimed, and all are claimed before the caller goes on.
class Job {
 public:
  Job(int64_t pieces, void (*work)(void*, int64_t), void* data)
      : pieces_(pieces), work_(work), data_(data) {}

  void work() {
    const FlushSmall flush;
    for (;;) {
      const int64_t piece = next_.fetch_add(1);
      if (piece >= pieces_) return;
      work_(data_, piece);
      if (done_.fetch_add(1) + 1 == pieces_) {
        std::lock_guard<std::mutex> lock(mutex_);
        finished_.notify_all();
      }
    }
  }

  void wait() {
    for (int i = 0; i < 4000; ++i) {
      if (done_.load() == pieces_) return;
      pause();
    }
    std::unique_lock<std::mutex> lock(mutex_);
    finished_.wait(lock, [this] { return done_.load() == pieces_; });
  }

 private:
  const int64_t pieces_;
  void (*const work_)(void*, int64_t);
  void* const data_;
  std::atomic<int64_t> next_{0}, done_{0};
  std::mutex mutex_;
  std::condition_variable finished_;
};

// Threads of our own, for members that wait for each other: on XLA's pool that could last for ever.
class Team {
 public:
  static Team& get() {
    static auto* team = new Team;  // never destroyed: its threads may outlive main
    return *team;
  }

  bool run(int64_t members, void (*work)(void*, int64_t), void* data) {
    std::unique_lock<std::mutex> alone(busy_, std::try_to_lock);
    if (!alone.owns_lock()) return false;
    std::unique_lock<std::mutex> lock(mutex_);
    while (static_cast<int64_t>(threads_) < members - 1) {
      std::thread(&Team::serve, this, ++threads_).detach();
    }
    work_ = work, data_ = data, members_ = members, left_ = members - 1;
    ++call_;
    begun_.notify_all();
    lock.unlock();
    {
      const FlushSmall flush;
      work(data, 0);
    }
    lock.lock();
    ended_.wait(lock, [this] { return left_ == 0; });
    return true;
  }

 private:
  void serve(int64_t member) {
    const FlushSmall flush;
    std::unique_lock<std::mutex> lock(mutex_);
    for (int64_t seen = call_ - 1;; seen = call_) {  // the call that made this thread is its first
      begun_.wait(lock, [&] { return call_ != seen; });
      if (member >= members_) continue;
      const auto work = work_;
      const auto data = data_;
      lock.unlock();
      work(data, member);
      lock.lock();
      if (--left_ == 0) ended_.notify_one();
    }
  }

  std::mutex busy_, mutex_;
  std::condition_variable begun_, ended_;
  int64_t threads_ = 0, call_ = 0, members_ = 0, left_ = 0;
  void (*work_)(void*, int64_t) = nullptr;
  void* data_ = nullptr;
};

// Blocks of memory are kept for the next call, since fresh pages are slow. Each begins with its size.
struct Block {
  char* memory;
  size_t bytes;
};
constexpr size_t kMostKept = 16, kHeader = 64;
std::mutex kept_mutex;
std::vector<Block>& kept() {
  static auto* blocks = new std::vector<Block>;  // never destroyed: threads may outlive main
  return *blocks;
}

char* allocate(size_t bytes) {
#if defined(_WIN32)
  return static_cast<char*>(_aligned_malloc(bytes, kHugePage));
#else
  return static_cast<char*>(std::aligned_alloc(bytes < kHugePage ? 64 : kHugePage, bytes));
#endif
}

void release(char* memory) {
#if defined(_WIN32)
  _aligned_free(memory);
#else
  std::free(memory);
#endif
}

void* take(size_t wanted) {
  const size_t unit = wanted < kHugePage ? 4096 : kHugePage;
  const size_t bytes = (wanted + kHeader + unit - 1) / unit * unit;
  Block block{nullptr, bytes};
  {
    std::lock_guard<std::mutex> lock(kept_mutex);
    auto& blocks = kept();
    size_t best = blocks.size();
    for (size_t i = 0; i < blocks.size(); ++i)
      if (blocks[i].bytes >= bytes && blocks[i].bytes <= 4 * bytes &&
          (best == blocks.size() || blocks[i].bytes < blocks[best].bytes))
        best = i;
    if (best < blocks.size()) {
      block = blocks[best];
      blocks.erase(blocks.begin() + best);
    }
  }
  if (block.memory == nullptr) {
    block.memory = allocate(bytes);
    if (block.memory == nullptr) std::abort();
    expect_writes(block.memory, bytes);
    *reinterpret_cast<size_t*>(block.memory) = bytes;
  }
  return block.memory + kHeader;
}

void give(void* array) {
  char* memory = static_cast<char*>(array) - kHeader;
  const Block block{memory, *reinterpret_cast<size_t*>(memory)};
  Block oldest{nullptr, 0};
  {
    std::lock_guard<std::mutex> lock(kept_mutex);
    auto& blocks = kept();
    blocks.push_back(block);
    if (blocks.size() > kMostKept) {
      oldest = blocks.front();
      blocks.erase(blocks.begin());
    }
  }
  if (oldest.memory != nullptr) release(oldest.memory);
}

}  // namespace

Parallel PoolParallel::get() {
  const int64_t threads = pool_.num_threads();
  return {threads < 1 ? 1 : threads, this, run, run_together, take, give};
}

void PoolParallel::run(void* self, int64_t pieces, void (*work)(void*, int64_t), void* data) {
  if (pieces == 1) {
    const FlushSmall flush;
    return work(data, 0);
  }
  auto& pool = static_cast<PoolParallel*>(self)->pool_;
  const auto job = std::make_shared<Job>(pieces, work, data);
  const int64_t threads = pool.num_threads();
  const int64_t helpers = (pieces < threads ? pieces : threads) - 1;
  for (int64_t i = 0; i < helpers; ++i) pool.Schedule([job] { job->work(); });
  job->work();
  job->wait();
}

bool PoolParallel::run_together(void*, int64_t members, void (*work)(void*, int64_t), void* data) {
  return Team::get().run(members, work, data);
}

void expect_writes(void* array, size_t bytes) {
#if defined(__linux__)
  if (bytes < 2 * kHugePage) return;
  const auto begin = (reinterpret_cast<uintptr_t>(array) + kHugePage - 1) / kHugePage * kHugePage;
  const auto end = (reinterpret_cast<uintptr_t>(array) + bytes) / kHugePage * kHugePage;
  if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#else
  (void)array, (void)bytes;
#endif
}

}  // namespace cello

int cello_keep_memory() {
#if defined(__GLIBC__)
  // No block of its own from the system for an array below 1 GB, and nothing given back below 2 GB.
  return mallopt(M_MMAP_THRESHOLD, 1 << 30) && mallopt(M_TRIM_THRESHOLD, 0x7fffffff) &&
         mallopt(M_TOP_PAD, 256 << 20);
#else
  return 0;
#endif
}
