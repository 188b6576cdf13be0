package widgets

// heights is a list of row heights that answers "where is row i" and "which
// row is at y" in O(log n): a Fenwick tree. Sums are float64, since a hundred
// thousand rows are more pixels than a float32 counts exactly.
type heights struct {
	values []float32
	tree   []float64 // tree[i] is the sum of the i&-i values that end at i-1; tree[0] is unused
}

// reset makes the list n rows long, each as high as height tells. O(n).
func (h *heights) reset(n int, height func(int) float32) {
	h.values = append(h.values[:0], make([]float32, n)...)
	h.tree = append(h.tree[:0], make([]float64, n+1)...)
	for i := range n {
		h.values[i] = height(i)
		h.tree[i+1] += float64(h.values[i])
		if up := (i + 1) + (i+1)&-(i+1); up <= n {
			h.tree[up] += h.tree[i+1]
		}
	}
}

// push adds a row behind the last one. O(log n).
func (h *heights) push(v float32) {
	if len(h.tree) == 0 {
		h.tree = append(h.tree, 0)
	}
	h.values = append(h.values, v)
	i := len(h.values)
	sum := float64(v)
	for j := 1; j < i&-i; j <<= 1 {
		sum += h.tree[i-j]
	}
	h.tree = append(h.tree, sum)
}

// set changes the height of row i. O(log n).
func (h *heights) set(i int, v float32) {
	d := float64(v) - float64(h.values[i])
	if d == 0 {
		return
	}
	h.values[i] = v
	for i++; i < len(h.tree); i += i & -i {
		h.tree[i] += d
	}
}

// top is where row i begins: the sum of all before it. top(len) is the whole.
func (h *heights) top(i int) float64 {
	sum := 0.0
	for ; i > 0; i -= i & -i {
		sum += h.tree[i]
	}
	return sum
}

func (h *heights) total() float64 { return h.top(len(h.values)) }

// find returns the row that y is in: the first for a y above it, the last for
// one below the end, -1 when there are none.
func (h *heights) find(y float64) int {
	n := len(h.values)
	if n == 0 {
		return -1
	}
	step := 1
	for step<<1 <= n {
		step <<= 1
	}
	i := 0
	for ; step > 0; step >>= 1 {
		if next := i + step; next <= n && h.tree[next] <= y {
			i = next
			y -= h.tree[next]
		}
	}
	return min(i, n-1)
}
