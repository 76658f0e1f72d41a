// What mediasoup-worker uses of ankerl::unordered_dense, over abseil's hash tables.
//
// The one difference that matters to it: erasing through an iterator must return the next iterator,
// and abseil's returns nothing.
#ifndef CONNECT_ANKERL_UNORDERED_DENSE_H
#define CONNECT_ANKERL_UNORDERED_DENSE_H

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/hash/hash.h>
#include <functional>

namespace ankerl::unordered_dense
{
	template<typename T>
	using hash = absl::Hash<T>;

	template<typename Base>
	class ErasesToNext : public Base
	{
	public:
		using Base::Base;
		using Base::erase;
		using iterator = typename Base::iterator;

		iterator erase(iterator it)
		{
			Base::erase(it++);

			return it;
		}
	};

	template<typename Key, typename Value, typename Hash = hash<Key>, typename Equal = std::equal_to<Key>>
	using map = ErasesToNext<absl::flat_hash_map<Key, Value, Hash, Equal>>;

	template<typename Key, typename Hash = hash<Key>, typename Equal = std::equal_to<Key>>
	using set = ErasesToNext<absl::flat_hash_set<Key, Hash, Equal>>;
} // namespace ankerl::unordered_dense

#endif
