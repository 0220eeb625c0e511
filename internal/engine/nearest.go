package engine

import "strings"

// Nearest is the name of the list that was most likely meant, or "".
func Nearest(name string, list []string) string {
	name = strings.ToLower(name)
	flat := func(s string) string { return strings.NewReplacer("_", "", "-", "").Replace(s) }
	best, least := "", 1+max(1, len(name)/3)
	for _, c := range list {
		if c == name {
			continue
		}
		d := Distance(name, c)
		if flat(name) == flat(c) {
			d = 0
		}
		if d < least {
			best, least = c, d
		}
	}
	return best
}

// Distance is the number of letters to change, add, remove or swap with their neighbour to make one word of the other.
func Distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
