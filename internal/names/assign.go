package names

// An assignment finds the matching of rows and columns of greatest gain, by the
// Hungarian method with potentials, in O(rows² · columns). Its slices are reused.
type assignment struct {
	u, v, least [maxPieces + 1]float32
	match, way  [maxPieces + 1]int
	used        [maxPieces + 1]bool
	result      [maxPieces]int
}

// best returns the column of each row, or -1.
func (g *assignment) best(_ *[maxPieces][maxPieces]float32, rows, cols int, s *scratch) []int {
	flip := rows > cols
	n, m := rows, cols
	if flip {
		n, m = m, n
	}
	cost := func(i, j int) float32 {
		if flip {
			i, j = j, i
		}
		return -s.gain(i, j)
	}
	clear(g.u[:n+1])
	clear(g.v[:m+1])
	clear(g.match[:m+1])
	const big = 1e9
	for i := 1; i <= n; i++ {
		g.match[0] = i
		for j := range m + 1 {
			g.least[j], g.used[j] = big, false
		}
		j0 := 0
		for {
			g.used[j0] = true
			i0, delta, j1 := g.match[j0], float32(big), 0
			for j := 1; j <= m; j++ {
				if g.used[j] {
					continue
				}
				if c := cost(i0-1, j-1) - g.u[i0] - g.v[j]; c < g.least[j] {
					g.least[j], g.way[j] = c, j0
				}
				if g.least[j] < delta {
					delta, j1 = g.least[j], j
				}
			}
			for j := range m + 1 {
				if g.used[j] {
					g.u[g.match[j]] += delta
					g.v[j] -= delta
				} else {
					g.least[j] -= delta
				}
			}
			if j0 = j1; g.match[j0] == 0 {
				break
			}
		}
		for j0 != 0 {
			j1 := g.way[j0]
			g.match[j0] = g.match[j1]
			j0 = j1
		}
	}
	out := g.result[:rows]
	for i := range out {
		out[i] = -1
	}
	for j := 1; j <= m; j++ {
		if i := g.match[j]; i > 0 {
			if flip {
				out[j-1] = i - 1
			} else {
				out[i-1] = j - 1
			}
		}
	}
	return out
}
