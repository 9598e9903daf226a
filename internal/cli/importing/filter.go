package importing

import "hash/maphash"

// filter remembers hashes in a fixed room (a Bloom filter): what it has not seen was not added; what it has seen may not
// have been, for one in thousands while there are a million.
type filter struct{ bits []uint64 }

const filterBits = 1 << 25 // 4 MiB

func newFilter() *filter { return &filter{make([]uint64, filterBits/64)} }

// seen adds a hash, and reports whether it may have been there.
func (f *filter) seen(hash uint64) bool {
	all := true
	for range 3 {
		at := hash % filterBits
		word, bit := at/64, uint64(1)<<(at%64)
		all = all && f.bits[word]&bit != 0
		f.bits[word] |= bit
		hash = hash>>21 | hash<<43
	}
	return all
}

// hasher makes a number's or phone's hash. Its seed is new in each run, so that nobody can make two collide.
type hasher struct{ seed maphash.Seed }

func (h hasher) of(parts ...string) uint64 {
	var all maphash.Hash
	all.SetSeed(h.seed)
	for _, part := range parts {
		_, _ = all.WriteString(part)
		_ = all.WriteByte(0)
	}
	return all.Sum64()
}
