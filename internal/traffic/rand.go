package traffic

import "math"

// rng is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). It is our own, not
// math/rand, for two reasons: seeding costs nothing, so every tick and every habit of a host has a source of its own
// and ticks can be made in any order; and no release of Go can change what a seed gives.
type rng struct{ s uint64 }

const golden = 0x9e3779b97f4a7c15

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// hash mixes numbers into one. The order counts.
func hash(parts ...uint64) uint64 {
	h := uint64(golden)
	for _, p := range parts {
		h = mix(h+golden) ^ mix(p+golden)
		h = mix(h)
	}
	return h
}

// hashString is FNV-1a, mixed.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

func newRNG(parts ...uint64) rng { return rng{hash(parts...)} }

func (r *rng) u64() uint64 {
	r.s += golden
	return mix(r.s)
}

// float is in [0, 1).
func (r *rng) float() float64 { return float64(r.u64()>>11) / (1 << 53) }

// intn is in [0, n).
func (r *rng) intn(n int) int { return int((r.u64() >> 32) * uint64(n) >> 32) }

// between is in [lo, hi].
func (r *rng) between(lo, hi int) int { return lo + r.intn(hi-lo+1) }

func (r *rng) chance(p float64) bool { return r.float() < p }

func (r *rng) norm() float64 {
	return math.Sqrt(-2*math.Log(1-r.float())) * math.Cos(2*math.Pi*r.float())
}

// poisson is the number of events when mean are expected.
func (r *rng) poisson(mean float64) int {
	switch {
	case mean <= 0:
		return 0
	case mean > 30:
		return max(0, int(math.Round(mean+math.Sqrt(mean)*r.norm())))
	}
	n, p, limit := 0, r.float(), math.Exp(-mean)
	for p > limit {
		n++
		p *= r.float()
	}
	return n
}

// size draws from a log-normal with a Pareto tail: one draw in fifty is stretched by a power law (index 1.2), which is
// how a few flows come to carry most bytes. Never below 1.
func (r *rng) size(median, sigma float64) int64 {
	v := median * math.Exp(sigma*r.norm())
	if r.intn(50) == 0 {
		v *= math.Pow(1-r.float(), -1/1.2)
	}
	return int64(min(max(v, 1), 1e9))
}

// rank is Zipf-like with exponent 1 over 0 to n-1: of 35,000 draws over 7,000 the ten first get about 30 % and the
// median one gets 1, as measured on a real server.
func (r *rng) rank(n int) int {
	return min(int(math.Exp(r.float()*math.Log(float64(n)+1)))-1, n-1)
}

// port is a client's ephemeral port as Linux picks it.
func (r *rng) port() uint16 { return uint16(r.between(32768, 60999)) }
