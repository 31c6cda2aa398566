// SPDX-License-Identifier: GPL-2.0-or-later
// What only C++ has. Linked into a C program: no part of its library is used.
#include <cstdint>

namespace chip
{
std::uint32_t value = 0xc1c2c3c4;
enum class Speed : std::uint8_t { Slow = 1, Fast = 9 };
Speed speed = Speed::Fast;

namespace core
{
std::int32_t value = -0x0c0d0e0f;
std::uint16_t deep[2] = {0xd1d2, 0xd3d4};
} // namespace core

inline namespace v2
{
std::uint32_t inlined_value = 0x1a1e5bac;
}

struct Base {
	std::uint32_t base_member;
};

class Device : public Base
{
      public:
	static std::uint32_t instances;
	static const Device *current;
	std::uint16_t number;
	enum Kind { Small, Large = 3 } kind;
	std::uint32_t low : 5, high : 27;
	struct Window {
		std::uint64_t start;
		std::uint32_t length;
	} window;
	unsigned poll();
	unsigned secret() const
	{
		return hidden;
	}
	constexpr Device(std::uint16_t n)
	    : Base{0xba5eba11}, number(n), kind(Large), low(21),
	      high(0x5a5a5a5), window{0x0807060504030201, 0x99887766},
	      hidden(0x5ec2e7)
	{
	}

      private:
	std::uint32_t hidden;
};

std::uint32_t Device::instances = 0x1257a9ce;
Device device(0xde1c);
const Device *Device::current = &device;
Device &reference = device;
std::uint32_t &value_reference = core::deep[1] ? value : Device::instances;

unsigned Device::poll()
{
	static volatile std::uint32_t polls = 0x90115f00;

	polls += low;
	return polls;
}

template <typename T> struct Register {
	T bits;
	static T last;
};
template <typename T> T Register<T>::last = static_cast<T>(0x7e);
Register<std::uint16_t> half_register = {0x4a1f};
template struct Register<char>;
} // namespace chip

namespace
{
__attribute__((used)) volatile std::uint32_t unnamed = 0xa0a1a2a3;
__attribute__((used)) volatile std::uint32_t state = 0x99117722;
} // namespace

struct Plain {
	static std::int16_t shared;
	std::uint8_t octet;
};
std::int16_t Plain::shared = -0x2b3c;
Plain plain = {0x9d};
unsigned chip_sum;

static __attribute__((constructor)) void run()
{
	chip_sum = chip::device.poll() + unnamed + state +
		   chip::device.secret();
}
